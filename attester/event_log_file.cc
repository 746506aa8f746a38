#include "attester/event_log_file.h"

#include "attest/event_log.h"

namespace gbx::attester {
namespace {

constexpr std::uint32_t kNoAction = 3;     // EV_NO_ACTION
constexpr std::uint32_t kIpl = 13;         // EV_IPL: what a loader has measured
constexpr std::uint16_t kSha256 = 0x000b;  // TPM_ALG_SHA256
constexpr std::size_t kSha1Bytes = 20;
constexpr std::string_view kLocality{"StartupLocality\0", 16};

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

// TCG_PCR_EVENT2.
void put_event(Bytes& out, const attest::Event& event) {
  put(out, event.pcr, 4);
  put(out, event.type, 4);
  put(out, 1, 4);
  put(out, kSha256, 2);
  out.insert(out.end(), event.digest.begin(), event.digest.end());
  put(out, event.data.size(), 4);
  out.insert(out.end(), event.data.begin(), event.data.end());
}

}  // namespace

Bytes print_event_log(const std::vector<attest::Measured>& events) {
  Bytes out = header();
  for (const attest::Measured& event : events) {
    put_event(out, {event.pcr, kIpl, Bytes(event.digest.begin(), event.digest.end()),
                    as_bytes(event.what)});
  }
  return out;
}

Result<Bytes> merge_event_logs(ByteView firmware, ByteView launch) {
  Bytes out = header();
  bool first = true;
  for (const ByteView log : {firmware, launch}) {
    if (log.empty()) continue;
    GBX_TRY_ASSIGN(const attest::EventLog replayed,
                   attest::replay_event_log(log, attest::TpmAlgorithm::sha256));
    if (first && replayed.start_locality != 0) {
      Bytes data(kLocality.begin(), kLocality.end());
      data.push_back(replayed.start_locality);
      put_event(out, {0, kNoAction, Bytes(Hash{}.size(), 0), data});
    }
    for (const attest::Event& event : replayed.events) put_event(out, event);
    first = false;
  }
  return out;
}

}  // namespace gbx::attester
