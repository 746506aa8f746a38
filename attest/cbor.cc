#include "attest/cbor.h"

#include <algorithm>
#include <limits>

#include "attest/big_endian.h"

namespace gbx::attest {
namespace {

constexpr std::uint8_t kMajorBytes = 2;
constexpr std::uint8_t kMajorArray = 4;
constexpr std::uint8_t kTagSign1 = 0xd2;  // 18, in its shortest form

Error refused(Literal reason) { return {ErrorCode::unverified, reason}; }

bool is_printable(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::uint8_t c) { return c >= 0x20 && c < 0x7f; });
}

// The head of an item; nullopt when it is not in its shortest form, or of no definite length.
std::optional<std::uint64_t> argument(BigEndianReader& in, std::uint8_t info) {
  if (info < 24) return info;
  std::uint64_t value = 0;
  std::uint64_t least = 24;
  switch (info) {
    case 24: value = in.u8(); break;
    case 25: value = in.u16(), least = std::uint64_t{1} << 8; break;
    case 26: value = in.u32(), least = std::uint64_t{1} << 16; break;
    case 27: value = in.u64(), least = std::uint64_t{1} << 32; break;
    default: return std::nullopt;
  }
  if (in.failed() || value < least) return std::nullopt;
  return value;
}

void put_head(Bytes& out, std::uint8_t major, std::size_t size) {
  const auto first = static_cast<std::uint8_t>(major << 5U);
  if (size < 24) {
    out.push_back(static_cast<std::uint8_t>(first | size));
    return;
  }
  const int bytes = size < 256 ? 1 : size < 65536 ? 2 : 4;
  out.push_back(static_cast<std::uint8_t>(first | (bytes == 1 ? 24U : bytes == 2 ? 25U : 26U)));
  for (int i = bytes - 1; i >= 0; i--) {
    out.push_back(static_cast<std::uint8_t>(size >> (8U * static_cast<unsigned>(i))));
  }
}

void put_bytes(Bytes& out, ByteView bytes) {
  put_head(out, kMajorBytes, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

class CborParser {
 public:
  explicit CborParser(ByteView document) : in_(document) {}

  Result<Cbor> whole() {
    GBX_TRY_ASSIGN(Cbor out, item(0));
    if (!in_.done()) return refused("cbor_malformed");
    return out;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): bounded by kCborDepthMax
  Result<Cbor> item(std::size_t depth) {
    if (depth >= kCborDepthMax) return refused("cbor_too_deep");
    if (++items_ > kCborItemsMax) return refused("cbor_too_large");
    const std::uint8_t head = in_.u8();
    const auto major = static_cast<std::uint8_t>(head >> 5U);
    if (in_.failed() || major == 6) return refused("cbor_malformed");
    if (major == 7) return simple(head);
    const auto count = argument(in_, head & 31U);
    if (!count) return refused("cbor_malformed");
    Cbor out;
    out.kind_ = static_cast<Cbor::Kind>(major);
    out.number_ = *count;
    if (major < kMajorBytes) return out;
    if (major < kMajorArray) {
      if (*count > kCborBytesMax) return refused("cbor_too_large");
      out.bytes_ = in_.view(static_cast<std::size_t>(*count));
      if (in_.failed()) return refused("cbor_malformed");
      if (out.kind_ == Cbor::Kind::text && !is_printable(out.bytes_)) {
        return refused("cbor_malformed");
      }
      return out;
    }
    return container(std::move(out), depth);
  }

  // NOLINTNEXTLINE(misc-no-recursion): bounded by kCborDepthMax
  Result<Cbor> container(Cbor out, std::size_t depth) {
    const bool is_map = out.kind_ == Cbor::Kind::map;
    if (out.number_ > kCborItemsMax) return refused("cbor_too_large");
    const std::uint64_t values = out.number_ * (is_map ? 2 : 1);
    for (std::uint64_t i = 0; i < values; i++) {
      GBX_TRY_ASSIGN(Cbor next, item(depth + 1));
      if (is_map && i % 2 == 0) {
        for (std::size_t k = 0; k < out.items_.size(); k += 2) {
          if (out.items_[k] == next) return refused("cbor_key_repeated");
        }
      }
      out.items_.push_back(std::move(next));
    }
    return out;
  }

  static Result<Cbor> simple(std::uint8_t head) {
    Cbor out;
    out.kind_ = head == 0xf6 ? Cbor::Kind::null : Cbor::Kind::boolean;
    out.number_ = head & 1U;
    if (head != 0xf4 && head != 0xf5 && head != 0xf6) return refused("cbor_malformed");
    return out;
  }

  BigEndianReader in_;
  std::size_t items_ = 0;
};

// NOLINTNEXTLINE(misc-no-recursion): bounded by kCborDepthMax
bool operator==(const Cbor& a, const Cbor& b) {
  return a.kind_ == b.kind_ && a.number_ == b.number_ &&
         std::equal(a.bytes_.begin(), a.bytes_.end(), b.bytes_.begin(), b.bytes_.end()) &&
         a.items_ == b.items_;
}

Result<Cbor> Cbor::parse(ByteView document) {
  if (document.size() > kCborBytesMax) return refused("cbor_too_large");
  return CborParser(document).whole();
}

std::optional<std::int64_t> Cbor::integer() const {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (number_ > kMax) return std::nullopt;
  const auto value = static_cast<std::int64_t>(number_);
  if (kind_ == Kind::natural) return value;
  if (kind_ == Kind::negative) return -1 - value;
  return std::nullopt;
}

std::optional<ByteView> Cbor::bytes() const {
  if (kind_ != Kind::bytes) return std::nullopt;
  return bytes_;
}

std::optional<std::string_view> Cbor::text() const {
  if (kind_ != Kind::text) return std::nullopt;
  return as_text(bytes_);
}

const Cbor* Cbor::find(std::string_view key) const {
  if (kind_ != Kind::map) return nullptr;
  for (std::size_t i = 0; i < items_.size(); i += 2) {
    if (items_[i].text() == key) return &items_[i + 1];
  }
  return nullptr;
}

Result<CoseSign1> parse_cose_sign1(ByteView document) {
  const Error malformed = refused("cose_malformed");
  if (!document.empty() && document.front() == kTagSign1) document = document.subspan(1);
  GBX_TRY_ASSIGN(const Cbor message, Cbor::parse(document));
  const std::vector<Cbor>& parts = message.items();
  if (message.kind() != Cbor::Kind::array || parts.size() != 4) return malformed;
  const auto header = parts[0].bytes();
  const auto payload = parts[2].bytes();
  const auto signature = parts[3].bytes();
  if (!header || !payload || !signature || parts[1].kind() != Cbor::Kind::map) return malformed;
  GBX_TRY_ASSIGN(const Cbor fields, Cbor::parse(*header));
  if (fields.kind() != Cbor::Kind::map || fields.items().size() != 2) return malformed;
  const auto algorithm = fields.items()[1].integer();
  if (fields.items()[0].integer() != 1 || !algorithm) return malformed;
  CoseSign1 out;
  out.algorithm = *algorithm;
  out.is_bare = parts[1].items().empty();
  out.protected_header = *header;
  out.payload = *payload;
  out.signature = *signature;
  return out;
}

Bytes cose_signed_bytes(const CoseSign1& message, ByteView external) {
  constexpr std::string_view kContext = "Signature1";
  Bytes out;
  put_head(out, kMajorArray, 4);
  out.push_back(static_cast<std::uint8_t>(0x60 | kContext.size()));
  out.insert(out.end(), kContext.begin(), kContext.end());
  put_bytes(out, message.protected_header);
  put_bytes(out, external);
  put_bytes(out, message.payload);
  return out;
}

}  // namespace gbx::attest
