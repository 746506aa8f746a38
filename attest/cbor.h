#pragma once

// CBOR (RFC 8949), the strict part that a Nitro document needs, and COSE_Sign1 (RFC 9052) on it.
// An attacker writes every byte. What must stay true: one value has one spelling. Lengths are
// definite and in their shortest form; maps have no key twice; text is printable ASCII; floats,
// tags inside, `undefined` and other simple values are refused; nothing follows the value; depth,
// items and sizes have limits.

#include <optional>
#include <string_view>
#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::attest {

constexpr std::size_t kCborDepthMax = 8;
constexpr std::size_t kCborItemsMax = 1024;                   // in a whole document
constexpr std::size_t kCborBytesMax = std::size_t{64} << 10;  // of a document

class Cbor {
 public:
  // The major type, as RFC 8949 numbers it; null and booleans are of the last.
  enum class Kind : std::uint8_t { natural, negative, bytes, text, array, map, boolean, null };

  // One value and nothing after it; views into `document`. Fails with unverified: cbor_malformed
  // (also indefinite lengths, long forms, tags, floats), cbor_key_repeated, cbor_too_deep,
  // cbor_too_large.
  static Result<Cbor> parse(ByteView document);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
  // An integer between -2^63 and 2^63-1; nullopt for anything else.
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  // The bytes of a byte string; nullopt for anything else.
  [[nodiscard]] std::optional<ByteView> bytes() const;
  [[nodiscard]] std::optional<std::string_view> text() const;
  // Elements of an array, or keys and values of a map by turns; empty for anything else.
  [[nodiscard]] const std::vector<Cbor>& items() const { return items_; }
  // The value of a map's text key; nullptr when this is no map or has none.
  [[nodiscard]] const Cbor* find(std::string_view key) const;

  friend bool operator==(const Cbor& a, const Cbor& b);

 private:
  friend class CborParser;
  Kind kind_ = Kind::null;
  std::uint64_t number_ = 0;
  ByteView bytes_;
  std::vector<Cbor> items_;
};

constexpr std::int64_t kCoseEs256 = -7;
constexpr std::int64_t kCoseEs384 = -35;

// A signed message. The views point into the document.
struct CoseSign1 {
  std::int64_t algorithm = 0;  // the only protected header
  bool is_bare = false;        // no unprotected header at all
  ByteView protected_header;
  ByteView payload;
  ByteView signature;
};

// array(4), with or without tag 18 before it; the protected header is {1: integer} and no more. The
// unprotected header may be any map: nothing in it is signed and nothing in it is read. Fails with
// unverified (cose_malformed, or as Cbor::parse). The signature is not checked here.
Result<CoseSign1> parse_cose_sign1(ByteView document);

// What is signed: Sig_structure of RFC 9052, section 4.4, without external data unless given.
Bytes cose_signed_bytes(const CoseSign1& message, ByteView external = {});

}  // namespace gbx::attest
