// Public points and curves that an attacker chooses: off the curve, on its twist, in a second
// spelling, at infinity, on a curve of the attacker's own. Where a key is taken from such a point,
// whoever sends it may know the private key of somebody else's (CVE-2020-0601), or sign at will.

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

#include <functional>

#include "trusted/crypto/testing/issue.h"
#include "trusted/crypto/x509.h"

// OpenSSL's older calls are the ones that make wrong keys.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace gbx::crypto {
namespace {

using testing::TestKey;

constexpr std::int64_t kNow = 1'800'000'000;

struct Curve {
  KeyKind kind;
  int nid;
  std::size_t field;
};
constexpr Curve kCurves[] = {{KeyKind::p256, NID_X9_62_prime256v1, 32},
                             {KeyKind::p384, NID_secp384r1, 48}};

using Group = std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)>;
using Point = std::unique_ptr<EC_POINT, decltype(&EC_POINT_free)>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

Group group_of(const Curve& curve) {
  return {EC_GROUP_new_by_curve_name(curve.nid), &EC_GROUP_free};
}

Number number(BN_ULONG word) {
  Number out(BN_new(), &BN_free);
  BN_set_word(out.get(), word);
  return out;
}

Bytes fixed(const BIGNUM* value, std::size_t size) {
  Bytes out(size);
  GBX_CHECK(BN_bn2binpad(value, out.data(), static_cast<int>(size)) >= 0);
  return out;
}

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

Number prime_of(const EC_GROUP* group) {
  Number out(BN_new(), &BN_free);
  EC_GROUP_get_curve(group, out.get(), nullptr, nullptr, nullptr);
  return out;
}

// The smallest x of the curve with a point, or of its twist: with none.
Number small_x(const EC_GROUP* group, bool with_point) {
  for (BN_ULONG word = 1;; word++) {
    Number x = number(word);
    const Point point(EC_POINT_new(group), &EC_POINT_free);
    const int on = EC_POINT_set_compressed_coordinates(group, point.get(), x.get(), 0, nullptr);
    if ((on == 1) == with_point) return x;
  }
}

Number y_of(const EC_GROUP* group, const BIGNUM* x) {
  const Point point(EC_POINT_new(group), &EC_POINT_free);
  GBX_CHECK(EC_POINT_set_compressed_coordinates(group, point.get(), x, 0, nullptr) == 1);
  Number out(BN_new(), &BN_free);
  EC_POINT_get_affine_coordinates(group, point.get(), nullptr, out.get(), nullptr);
  return out;
}

TEST(Points, OnlyThoseOfTheCurveInTheirOneSpelling) {
  for (const Curve& curve : kCurves) {
    const Group group = group_of(curve);
    const Number p = prime_of(group.get());
    const Number x = small_x(group.get(), true);
    const Number y = y_of(group.get(), x.get());
    const Bytes good_x = fixed(x.get(), curve.field);
    const Bytes good_y = fixed(y.get(), curve.field);
    ASSERT_TRUE(VerifyingKey::from_point(joined(good_x, good_y)));
    Number over(BN_new(), &BN_free);
    BN_add(over.get(), x.get(), p.get());  // the same x once more, above the prime
    const Bytes prime = fixed(p.get(), curve.field);
    const Bytes zero(curve.field);
    const Bytes twisted = fixed(small_x(group.get(), false).get(), curve.field);
    const Bytes ones(curve.field, 0xff);
    for (const Bytes& wrong :
         {joined(fixed(over.get(), curve.field), good_y), joined(good_y, good_x),
          joined(good_x, zero), joined(zero, zero), joined(prime, zero), joined(zero, prime),
          joined(twisted, good_y), joined(good_x, prime), joined(ones, ones)}) {
      const auto key = VerifyingKey::from_point(wrong);
      ASSERT_FALSE(key) << to_hex(wrong);
      EXPECT_EQ(key.error().reason.view(), "key_malformed");
    }
  }
}

// SubjectPublicKeyInfo of a point on a group, whatever they are.
Bytes spki_of(EC_GROUP* group, const EC_POINT* point, int form) {
  EC_GROUP_set_asn1_flag(group, form);
  EC_KEY* key = EC_KEY_new();
  EC_KEY_set_group(key, group);
  EC_KEY_set_public_key(key, point);
  std::uint8_t* out = nullptr;
  const int size = i2d_EC_PUBKEY(key, &out);
  GBX_CHECK(size > 0);
  Bytes der(out, out + size);
  OPENSSL_free(out);
  EC_KEY_free(key);
  return der;
}

// A certificate in which the key is replaced; its signature does not matter here.
Result<Certificate> certified(const Curve& curve, const Bytes& spki) {
  const TestKey key = TestKey::make(curve.kind);
  const Bytes der = issue({.subject = "a",
                           .issuer = "a",
                           .not_before = kNow,
                           .not_after = kNow,
                           .usage = "",
                           .extensions = {}},
                          key, key);
  const std::uint8_t* at = der.data();
  X509* x509 = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  const std::uint8_t* in = spki.data();
  X509_PUBKEY* pubkey = d2i_X509_PUBKEY(nullptr, &in, static_cast<long>(spki.size()));
  GBX_CHECK(x509 != nullptr && pubkey != nullptr);
  // Put in as bytes, so that OpenSSL has no say in it.
  const ASN1_OBJECT* algorithm = nullptr;
  const std::uint8_t* bits = nullptr;
  int size = 0;
  X509_ALGOR* parameters = nullptr;
  X509_PUBKEY_get0_param(const_cast<ASN1_OBJECT**>(&algorithm), &bits, &size, &parameters, pubkey);
  void* value = nullptr;
  int type = 0;
  X509_ALGOR_get0(nullptr, &type, const_cast<const void**>(&value), parameters);
  void* copy = type == V_ASN1_OBJECT
                   ? static_cast<void*>(OBJ_dup(static_cast<ASN1_OBJECT*>(value)))
                   : static_cast<void*>(ASN1_STRING_dup(static_cast<ASN1_STRING*>(value)));
  auto* content = static_cast<std::uint8_t*>(OPENSSL_memdup(bits, static_cast<std::size_t>(size)));
  X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x509), OBJ_nid2obj(NID_X9_62_id_ecPublicKey), type,
                         copy, content, size);
  i2d_re_X509_tbs(x509, nullptr);
  std::uint8_t* out = nullptr;
  const int whole = i2d_X509(x509, &out);
  GBX_CHECK(whole > 0);
  auto parsed = Certificate::parse(ByteView(out, static_cast<std::size_t>(whole)));
  OPENSSL_free(out);
  X509_PUBKEY_free(pubkey);
  X509_free(x509);
  return parsed;
}

TEST(Points, CertificatesNameTheirCurve) {
  for (const Curve& curve : kCurves) {
    const Group group = group_of(curve);
    const Point point(EC_POINT_dup(EC_GROUP_get0_generator(group.get()), group.get()),
                      &EC_POINT_free);
    EXPECT_TRUE(certified(curve, spki_of(group.get(), point.get(), OPENSSL_EC_NAMED_CURVE)));
    // The same curve written out is another spelling of the same key, and of what follows.
    EXPECT_FALSE(certified(curve, spki_of(group.get(), point.get(), OPENSSL_EC_EXPLICIT_CURVE)));
  }
}

// The authority's own point as the base point: then the private key is 1.
TEST(Points, NobodyBringsTheirOwnCurve) {
  for (const Curve& curve : kCurves) {
    const Group group = group_of(curve);
    const Point authority(EC_POINT_new(group.get()), &EC_POINT_free);
    GBX_CHECK(EC_POINT_mul(group.get(), authority.get(), number(123456789).get(), nullptr, nullptr,
                           nullptr) == 1);
    const Group own(EC_GROUP_dup(group.get()), &EC_GROUP_free);
    GBX_CHECK(EC_GROUP_set_generator(own.get(), authority.get(), EC_GROUP_get0_order(group.get()),
                                     EC_GROUP_get0_cofactor(group.get())) == 1);
    EC_GROUP_set_curve_name(own.get(), NID_undef);
    EXPECT_FALSE(certified(curve, spki_of(own.get(), authority.get(), OPENSSL_EC_EXPLICIT_CURVE)));
  }
}

TEST(Points, NoCertificateIsOfInfinityOrOfAnotherCurve) {
  for (const Curve& curve : kCurves) {
    const Group group = group_of(curve);
    const Point infinity(EC_POINT_new(group.get()), &EC_POINT_free);
    EC_POINT_set_to_infinity(group.get(), infinity.get());
    EXPECT_FALSE(certified(curve, spki_of(group.get(), infinity.get(), OPENSSL_EC_NAMED_CURVE)));
  }
  for (const int other : {NID_secp224r1, NID_secp256k1, NID_secp521r1, NID_brainpoolP256r1}) {
    const Curve curve{KeyKind::p256, other, 0};
    const Group group = group_of(curve);
    const EC_POINT* point = EC_GROUP_get0_generator(group.get());
    EXPECT_FALSE(certified(curve, spki_of(group.get(), point, OPENSSL_EC_NAMED_CURVE)));
  }
}

// r and s of zero, of the order and above: the classic forgeries of verifiers that do not look.
TEST(Points, SignaturesAreInRange) {
  const Bytes message = to_bytes("message");
  for (const Curve& curve : kCurves) {
    const Group group = group_of(curve);
    const TestKey key = TestKey::make(curve.kind);
    const auto verifying = VerifyingKey::from_point(key.point());
    ASSERT_TRUE(verifying);
    const Bytes zero(curve.field);
    const Bytes order = fixed(EC_GROUP_get0_order(group.get()), curve.field);
    const Bytes one = fixed(number(1).get(), curve.field);
    for (const Bytes& r : {zero, order, one}) {
      for (const Bytes& s : {zero, order, one}) {
        EXPECT_FALSE(
            verifying->verify(SignatureForm::ecdsa_raw, Digest::sha256, message, joined(r, s)));
      }
    }
  }
}

}  // namespace
}  // namespace gbx::crypto
