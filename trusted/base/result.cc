#include "trusted/base/result.h"

#include <array>

namespace gbx {
namespace {

struct Name {
  ErrorCode code;
  std::string_view word;
};

constexpr std::array kNames = {
    Name{ErrorCode::policy_denied, "policy_denied"},
    Name{ErrorCode::budget_exhausted, "budget_exhausted"},
    Name{ErrorCode::unverified, "unverified"},
    Name{ErrorCode::invalid_argument, "invalid_argument"},
    Name{ErrorCode::not_found, "not_found"},
    Name{ErrorCode::unavailable, "unavailable"},
};

}  // namespace

std::string_view error_code_name(ErrorCode code) {
  for (const Name& name : kNames) {
    if (name.code == code) return name.word;
  }
  GBX_CHECK(false);
}

std::optional<ErrorCode> error_code_from(std::string_view name) {
  for (const Name& entry : kNames) {
    if (entry.word == name) return entry.code;
  }
  return std::nullopt;
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "glovebox: invariant broken: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace gbx
