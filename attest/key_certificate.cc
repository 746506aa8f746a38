#include "attest/key_certificate.h"

#include <algorithm>
#include <array>

#include "attest/der.h"

namespace gbx::attest {
namespace {

constexpr const char* kKeyUsage = "2.5.29.15";
constexpr const char* kExtendedKeyUsage = "2.5.29.37";
constexpr const char* kGoogleInstance = "1.3.6.1.4.1.11129.2.1.21";
constexpr std::size_t kPurposesMax = 16;
constexpr std::size_t kInstanceIdBytes = 8;
constexpr std::array<std::uint8_t, 5> kPurposeAk = {0x67, 0x81, 0x05, 0x08, 0x03};
constexpr std::array<std::uint8_t, 5> kPurposeEk = {0x67, 0x81, 0x05, 0x08, 0x01};

bool equals(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

bool has_purpose(const crypto::Certificate& leaf, ByteView wanted) {
  const auto extension = leaf.extension(kExtendedKeyUsage);
  if (!extension) return false;
  DerReader outer(*extension);
  const auto list = outer.next(kDerSequence);
  if (!list || !outer.done()) return false;
  DerReader in(*list);
  bool found = false;
  for (std::size_t i = 0; i < kPurposesMax && !in.done(); i++) {
    const auto purpose = in.next(kDerOid);
    if (!purpose) return false;
    found = found || equals(*purpose, wanted);
  }
  return found && in.done();
}

}  // namespace

bool may_sign(const crypto::Certificate& leaf) {
  const auto extension = leaf.extension(kKeyUsage);
  if (!extension) return false;
  DerReader in(*extension);
  const auto bits = in.next(kDerBitString);
  return bits && in.done() && bits->size() >= 2 && ((*bits)[1] & 0x80) != 0;
}

bool is_for_tpm(const crypto::Certificate& leaf) {
  return has_purpose(leaf, kPurposeAk) || has_purpose(leaf, kPurposeEk);
}

bool is_endorsement(const crypto::Certificate& leaf) { return has_purpose(leaf, kPurposeEk); }

std::optional<Bytes> google_instance_id(const crypto::Certificate& leaf) {
  const auto extension = leaf.extension(kGoogleInstance);
  if (!extension) return std::nullopt;
  DerReader outer(*extension);
  const auto fields = outer.next(kDerSequence);
  if (!fields || !outer.done()) return std::nullopt;
  DerReader in(*fields);
  const bool before = in.next(kDerUtf8) && in.next(kDerInteger) && in.next(kDerUtf8);
  auto id = before ? in.next(kDerInteger) : std::nullopt;
  if (!id || id->empty()) return std::nullopt;
  if (id->size() > 1 && id->front() == 0) id = id->subspan(1);
  if (id->size() > kInstanceIdBytes) return std::nullopt;
  Bytes out(kInstanceIdBytes - id->size(), 0);
  out.insert(out.end(), id->begin(), id->end());
  return out;
}

}  // namespace gbx::attest
