#include "attest/pck.h"

#include <algorithm>

namespace gbx::attest {
namespace {

constexpr const char* kOidSgx = "1.2.840.113741.1.13.1";
// The same in DER, without its tag and length: members append to it.
constexpr std::uint8_t kPrefix[] = {0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01};
constexpr std::uint8_t kTagInteger = 0x02;
constexpr std::uint8_t kTagOctets = 0x04;
constexpr std::uint8_t kTagOid = 0x06;
constexpr std::uint8_t kTagSequence = 0x30;
constexpr std::uint8_t kMemberPpid = 1;
constexpr std::uint8_t kMemberTcb = 2;
constexpr std::uint8_t kMemberPceId = 3;
constexpr std::uint8_t kMemberFmspc = 4;
constexpr std::uint8_t kMemberType = 5;
constexpr std::uint8_t kMemberInstance = 6;
constexpr std::uint8_t kMemberConfiguration = 7;
constexpr std::uint8_t kTcbComponents = 16;
constexpr std::uint8_t kTcbPceSvn = 17;
constexpr std::uint8_t kTcbCpuSvn = 18;
constexpr std::size_t kMembersMax = 32;

Error malformed() { return {ErrorCode::unverified, "dcap_pck_malformed"}; }

struct Value {
  std::uint8_t tag = 0;
  ByteView content;
};

// The value at the front. Lengths of one byte, or of two or three in their shortest form.
Result<Value> take(ByteView& bytes) {
  if (bytes.size() < 2) return malformed();
  std::size_t size = bytes[1];
  std::size_t head = 2;
  if (size == 0x81 && bytes.size() > 2 && bytes[2] >= 0x80) {
    size = bytes[2];
    head = 3;
  } else if (size == 0x82 && bytes.size() > 3 && bytes[2] != 0) {
    size = static_cast<std::size_t>(bytes[2]) << 8U | bytes[3];
    head = 4;
  } else if (size >= 0x80) {
    return malformed();
  }
  if (size > bytes.size() - head) return malformed();
  const Value out{bytes[0], bytes.subspan(head, size)};
  bytes = bytes.subspan(head + size);
  return out;
}

struct Member {
  ByteView oid;  // behind the prefix
  Value value;
};

// SEQUENCE { OID, value } and nothing else in it.
Result<Member> take_member(ByteView& bytes) {
  GBX_TRY_ASSIGN(const Value outer, take(bytes));
  if (outer.tag != kTagSequence) return malformed();
  ByteView inside = outer.content;
  GBX_TRY_ASSIGN(const Value oid, take(inside));
  GBX_TRY_ASSIGN(const Value value, take(inside));
  const bool known = oid.tag == kTagOid && oid.content.size() > std::size(kPrefix) &&
                     std::equal(std::begin(kPrefix), std::end(kPrefix), oid.content.begin());
  if (!known || !inside.empty()) return malformed();
  return Member{oid.content.subspan(std::size(kPrefix)), value};
}

template <std::size_t N>
Status copy_octets(const Value& value, std::array<std::uint8_t, N>& out) {
  if (value.tag != kTagOctets || value.content.size() != N) return malformed();
  std::copy(value.content.begin(), value.content.end(), out.begin());
  return {};
}

// A non-negative INTEGER below 2^16 in its shortest form.
Result<std::uint16_t> small_integer(const Value& value) {
  const ByteView content = value.content;
  if (value.tag != kTagInteger || content.empty() || content.size() > 3) return malformed();
  if (content[0] >= 0x80 || (content.size() > 1 && content[0] == 0 && content[1] < 0x80)) {
    return malformed();
  }
  std::uint32_t out = 0;
  for (const std::uint8_t byte : content) out = out << 8U | byte;
  if (out > 0xFFFF) return malformed();
  return static_cast<std::uint16_t>(out);
}

// SEQUENCE of 18 members, in order: 16 components, PCESVN, CPUSVN.
Status parse_tcb(const Value& value, PckFacts& out) {
  if (value.tag != kTagSequence) return malformed();
  ByteView rest = value.content;
  for (std::uint8_t i = 1; i <= kTcbCpuSvn; i++) {
    GBX_TRY_ASSIGN(const Member member, take_member(rest));
    if (member.oid.size() != 2 || member.oid[0] != kMemberTcb || member.oid[1] != i) {
      return malformed();
    }
    if (i == kTcbCpuSvn) {
      std::array<std::uint8_t, 16> cpu_svn{};
      GBX_TRY(copy_octets(member.value, cpu_svn));
      continue;
    }
    GBX_TRY_ASSIGN(const std::uint16_t svn, small_integer(member.value));
    if (i <= kTcbComponents && svn > 0xFF) return malformed();
    if (i <= kTcbComponents) out.component_svns[i - 1U] = static_cast<std::uint8_t>(svn);
    if (i == kTcbPceSvn) out.pce_svn = svn;
  }
  if (!rest.empty()) return malformed();
  return {};
}

Status parse_member(std::uint8_t which, const Value& value, PckFacts& out) {
  switch (which) {
    case kMemberPpid: return copy_octets(value, out.ppid);
    case kMemberTcb: return parse_tcb(value, out);
    case kMemberPceId: return copy_octets(value, out.pce_id);
    case kMemberFmspc: return copy_octets(value, out.fmspc);
    case kMemberInstance: return copy_octets(value, out.platform_instance_id.emplace());
    case kMemberType:
    case kMemberConfiguration: return {};
    default: return malformed();
  }
}

}  // namespace

Result<PckFacts> parse_pck(const crypto::Certificate& certificate) {
  const auto extension = certificate.extension(kOidSgx);
  if (!extension) return malformed();
  ByteView bytes = *extension;
  GBX_TRY_ASSIGN(const Value outer, take(bytes));
  if (outer.tag != kTagSequence || !bytes.empty()) return malformed();
  PckFacts out;
  std::uint32_t seen = 0;
  ByteView rest = outer.content;
  for (std::size_t i = 0; i < kMembersMax && !rest.empty(); i++) {
    GBX_TRY_ASSIGN(const Member member, take_member(rest));
    if (member.oid.size() != 1 || member.oid[0] > kMemberConfiguration ||
        (seen >> member.oid[0] & 1U) != 0) {
      return malformed();
    }
    seen |= 1U << member.oid[0];
    GBX_TRY(parse_member(member.oid[0], member.value, out));
  }
  constexpr std::uint32_t kRequired =
      1U << kMemberPpid | 1U << kMemberTcb | 1U << kMemberPceId | 1U << kMemberFmspc;
  if ((seen & kRequired) != kRequired || !rest.empty()) return malformed();
  return out;
}

}  // namespace gbx::attest
