#pragma once

// Functions that are compiled twice, for every x86-64 machine and for those with AVX2, with all
// that they call inside; which one is taken when the program is loaded. Not under sanitizers: they
// are not there yet when that is decided; and by gcc only, as clang takes no `flatten` with it.

#if defined(__x86_64__) && !defined(__clang__) && !defined(GBX_NO_CLONES)
#define GBX_CLONES __attribute__((target_clones("avx2", "default"), flatten))
#else
#define GBX_CLONES
#endif
