// No text made at run time, so no cell's value, fits in an error.
// message: is not a constant expression

#include "trusted/base/result.h"

gbx::Error refuse(const char* cell) {
#ifdef MUST_NOT_COMPILE
  return {gbx::ErrorCode::policy_denied, cell};
#else
  return {cell == nullptr ? gbx::ErrorCode::not_found : gbx::ErrorCode::policy_denied, "no_cell"};
#endif
}
