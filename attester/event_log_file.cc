#include "attester/event_log_file.h"

#include "trusted/base/bytes.h"

namespace gbx::attester {
namespace {

constexpr std::uint32_t kNoAction = 3;     // EV_NO_ACTION
constexpr std::uint32_t kEventTag = 6;     // EV_EVENT_TAG
constexpr std::uint16_t kSha256 = 0x000b;  // TPM_ALG_SHA256
constexpr std::size_t kSha1Bytes = 20;

void put(Bytes& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; i++) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

void put_text(Bytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

// TCG_EfiSpecIDEvent: one algorithm.
Bytes header() {
  Bytes spec;
  put_text(spec, std::string_view("Spec ID Event03\0", 16));
  put(spec, 0, 4);  // platform class: client
  put(spec, 0, 1);  // minor version
  put(spec, 2, 1);  // major version
  put(spec, 0, 1);  // errata
  put(spec, 2, 1);  // size of a UINTN, in 32 bits
  put(spec, 1, 4);  // algorithms
  put(spec, kSha256, 2);
  put(spec, Hash{}.size(), 2);
  put(spec, 0, 1);  // vendor's bytes
  Bytes out;
  put(out, 0, 4);
  put(out, kNoAction, 4);
  out.insert(out.end(), kSha1Bytes, 0);
  put(out, spec.size(), 4);
  out.insert(out.end(), spec.begin(), spec.end());
  return out;
}

}  // namespace

Bytes print_event_log(const std::vector<Measured>& events) {
  Bytes out = header();
  for (const Measured& event : events) {
    put(out, event.pcr, 4);
    put(out, kEventTag, 4);
    put(out, 1, 4);
    put(out, kSha256, 2);
    out.insert(out.end(), event.digest.begin(), event.digest.end());
    put(out, event.what.size(), 4);
    put_text(out, event.what);
  }
  return out;
}

}  // namespace gbx::attester
