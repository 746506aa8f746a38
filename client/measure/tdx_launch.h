#pragma once

// MRTD: what an Intel TDX module will report of the memory that a trust domain starts with,
// computed from its firmware. Whoever made the firmware controls every byte; what must stay true:
// the digest is that of this firmware, started as is said here, or there is none.
//
// Sources: Intel TDX module base architecture specification, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND;
// TDX virtual firmware design guide, chapter 11, for the table of what is added.

#include "client/measure/snp_launch.h"

namespace gbx::client {

// In which order the kernel of the host adds pages and measures them.
enum class PageOrder : std::uint8_t {
  page,     // a page is added and measured, then the next: Linux from 6.16 on
  section,  // all pages of a section are added, then measured: kernels before, with Intel's patches
};

// `firmware` is a whole OVMF image of at most kFirmwareBytesMax. Fails with invalid_argument:
// firmware_malformed; firmware_not_for_tdx (it has no table of what to measure). Sections that
// QEMU would refuse, or whose measured content is not all in the image, are firmware_malformed.
// Pure and thread-safe.
Result<LaunchDigest> tdx_launch_digest(ByteView firmware, PageOrder order);

}  // namespace gbx::client
