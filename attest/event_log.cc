#include "attest/event_log.h"

#include <algorithm>
#include <string_view>

#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr std::uint32_t kNoAction = 3;
constexpr std::size_t kSha1Bytes = 20;
constexpr std::string_view kSpecSignature{"Spec ID Event03\0", 16};
constexpr std::string_view kLocalitySignature{"StartupLocality\0", 16};
constexpr std::size_t kAlgorithmsMax = 8;

Error refused(Literal reason) { return {ErrorCode::unverified, reason}; }

// A bank of the log, as its first event declares it.
struct Bank {
  TpmAlgorithm algorithm;
  std::size_t size;
};

bool is_all(ByteView bytes, std::uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t b) { return b == value; });
}

// TCG_EfiSpecIDEventStruct: little-endian, as everything in the log.
Result<std::vector<Bank>> read_banks(ByteView data) {
  const Error malformed = refused("event_log_malformed");
  Reader in(data);
  if (as_text(in.view(kSpecSignature.size())) != kSpecSignature) return malformed;
  static_cast<void>(in.view(4 + 1 + 1 + 1 + 1));  // platform class, version, errata, size of uintn
  const std::uint32_t count = in.u32();
  if (count == 0 || count > kAlgorithmsMax) return malformed;
  std::vector<Bank> out;
  for (std::uint32_t i = 0; i < count; i++) {
    const auto algorithm = static_cast<TpmAlgorithm>(in.u16());
    const std::size_t size = in.u16();
    const std::size_t known = digest_size(algorithm);
    if (size == 0 || size > 64 || (known != 0 && known != size)) return malformed;
    const auto same = [&](const Bank& bank) { return bank.algorithm == algorithm; };
    if (std::any_of(out.begin(), out.end(), same)) return malformed;
    out.push_back({algorithm, size});
  }
  const std::size_t vendor = in.u8();
  static_cast<void>(in.view(vendor));
  if (!in.done()) return malformed;
  return out;
}

// The first event has the old form, with one SHA-1 digest of zeros.
Result<std::vector<Bank>> read_first(Reader& in, LogOf whose) {
  const Error malformed = refused("event_log_malformed");
  const std::uint32_t pcr = in.u32();
  const std::uint32_t type = in.u32();
  const ByteView digest = in.view(kSha1Bytes);
  const ByteView data = in.block(kEventBytesMax);
  const std::uint32_t pcr_max = whose == LogOf::domain ? 1 : 0;
  if (in.failed() || pcr > pcr_max || type != kNoAction || !is_all(digest, 0)) return malformed;
  return read_banks(data);
}

// TCG_PCR_EVENT2, with one digest of each of the banks, each once.
Result<Event> read_event(Reader& in, const std::vector<Bank>& banks, TpmAlgorithm bank) {
  const Error malformed = refused("event_log_malformed");
  Event out;
  out.pcr = in.u32();
  out.type = in.u32();
  if (in.u32() != banks.size()) return malformed;
  std::vector<TpmAlgorithm> seen;
  for (std::size_t i = 0; i < banks.size(); i++) {
    const auto algorithm = static_cast<TpmAlgorithm>(in.u16());
    const auto same = [&](const Bank& known) { return known.algorithm == algorithm; };
    const auto known = std::find_if(banks.begin(), banks.end(), same);
    if (known == banks.end() || std::find(seen.begin(), seen.end(), algorithm) != seen.end()) {
      return malformed;
    }
    seen.push_back(algorithm);
    const ByteView digest = in.view(known->size);
    if (algorithm == bank) out.digest.assign(digest.begin(), digest.end());
  }
  out.data = in.block(kEventBytesMax);
  if (in.failed() || out.pcr >= kPcrCount) return malformed;
  return out;
}

// No event begins so: its register is too large, or it has no digest.
bool is_filler(ByteView rest) { return is_all(rest, 0xff) || is_all(rest, 0); }

// A TPM that was started from another locality begins PCR 0 with its number.
bool start_locality(const Event& event, EventLog& log) {
  if (event.data.size() != kLocalitySignature.size() + 1 ||
      as_text(event.data.first(kLocalitySignature.size())) != kLocalitySignature) {
    return true;
  }
  if ((log.touched & 1U) != 0) return false;
  log.start_locality = event.data.back();
  log.values[0].back() = event.data.back();
  return true;
}

}  // namespace

Bytes extend(TpmAlgorithm bank, ByteView pcr, ByteView digest) {
  Bytes both(pcr.begin(), pcr.end());
  both.insert(both.end(), digest.begin(), digest.end());
  const auto copy = [](const auto& hash) { return Bytes(hash.begin(), hash.end()); };
  const auto algorithm = digest_of(bank);
  GBX_CHECK(algorithm.has_value());
  switch (*algorithm) {
    case crypto::Digest::sha256: return copy(crypto::sha256(both));
    case crypto::Digest::sha384: return copy(crypto::sha384(both));
    case crypto::Digest::sha512: return copy(crypto::sha512(both));
  }
  GBX_CHECK(false);
}

Bytes pcr_at_start(TpmAlgorithm bank, std::size_t pcr) {
  const bool ones = pcr >= 17 && pcr <= 22;
  return Bytes(digest_size(bank), ones ? 0xff : 0);
}

Result<EventLog> replay_event_log(ByteView log, TpmAlgorithm bank, LogOf whose) {
  if (log.size() > kEventLogBytesMax) return refused("event_log_too_large");
  if (!digest_of(bank)) return refused("event_log_bank_missing");
  Reader in(log);
  GBX_TRY_ASSIGN(const std::vector<Bank> banks, read_first(in, whose));
  const auto same = [&](const Bank& known) { return known.algorithm == bank; };
  if (std::none_of(banks.begin(), banks.end(), same)) return refused("event_log_bank_missing");
  EventLog out;
  for (std::size_t pcr = 0; pcr < kPcrCount; pcr++) out.values[pcr] = pcr_at_start(bank, pcr);
  for (std::size_t count = 0; in.left() > 0; count++) {
    out.size = log.size() - in.left();
    if (whose == LogOf::domain && is_filler(log.subspan(out.size))) return out;
    if (count == kEventsMax) return refused("event_log_too_large");
    GBX_TRY_ASSIGN(Event event, read_event(in, banks, bank));
    if (event.type == kNoAction) {
      if (whose == LogOf::tpm && !start_locality(event, out)) {
        return refused("event_log_malformed");
      }
      continue;
    }
    out.touched |= PcrMask{1} << event.pcr;
    out.values[event.pcr] = extend(bank, out.values[event.pcr], event.digest);
    out.events.push_back(std::move(event));
  }
  out.size = log.size();
  return out;
}

}  // namespace gbx::attest
