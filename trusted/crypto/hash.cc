// The low-level SHA-256 functions are deprecated in OpenSSL 3, but they are the only ones that
// resume from a saved state without an allocation: a token then costs two compressions. The
// one-shot functions look the algorithm up on each call, which costs more than hashing what a log
// chains.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "trusted/crypto/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstring>

namespace gbx::crypto {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::uint64_t kScryptMemoryMax = std::uint64_t{1} << 30;

}  // namespace

Hash sha256(ByteView bytes) {
  Hash out{};
  SHA256_CTX context;
  GBX_CHECK(SHA256_Init(&context) == 1);
  GBX_CHECK(SHA256_Update(&context, bytes.data(), bytes.size()) == 1);
  GBX_CHECK(SHA256_Final(out.data(), &context) == 1);
  // What was hashed may have been a secret.
  wipe({reinterpret_cast<std::uint8_t*>(&context), sizeof(context)});
  return out;
}

std::array<std::uint8_t, 48> sha384(ByteView bytes) {
  std::array<std::uint8_t, 48> out{};
  GBX_CHECK(SHA384(bytes.data(), bytes.size(), out.data()) != nullptr);
  return out;
}

std::array<std::uint8_t, 64> sha512(ByteView bytes) {
  std::array<std::uint8_t, 64> out{};
  GBX_CHECK(SHA512(bytes.data(), bytes.size(), out.data()) != nullptr);
  return out;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  GBX_CHECK(context_ != nullptr);
  GBX_CHECK(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256::update(ByteView bytes) {
  GBX_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) == 1);
}

Hash Sha256::finish() {
  Hash out{};
  GBX_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out.data(), nullptr) == 1);
  return out;
}

Secret<32> hmac_sha256(ByteView key, ByteView message) {
  Secret<32> out;
  GBX_CHECK(key.size() <= 1 << 20);
  GBX_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(),
                 message.size(), out.mutable_view().data(), nullptr) != nullptr);
  return out;
}

SecretBytes hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size) {
  GBX_CHECK(size <= 255 * sizeof(Hash));
  static constexpr Hash kNoSalt{};
  const Secret<32> prk = hmac_sha256(salt.empty() ? ByteView(kNoSalt) : salt, secret);
  SecretBytes out;
  out.mutable_bytes().reserve(size + sizeof(Hash));
  Secret<32> previous;
  SecretBytes message;
  message.mutable_bytes().reserve(sizeof(Hash) + info.size() + 1);
  for (std::uint8_t round = 1; out.view().size() < size; round++) {
    Bytes& input = message.mutable_bytes();
    input.clear();
    if (round > 1) input.insert(input.end(), previous.view().begin(), previous.view().end());
    input.insert(input.end(), info.begin(), info.end());
    input.push_back(round);
    previous = hmac_sha256(prk.view(), input);
    out.mutable_bytes().insert(out.mutable_bytes().end(), previous.view().begin(),
                               previous.view().end());
  }
  wipe(std::span(out.mutable_bytes()).subspan(size));
  out.mutable_bytes().resize(size);
  return out;
}

struct Tokeniser::State {
  SHA256_CTX inner;
  SHA256_CTX outer;
};

Tokeniser::Tokeniser(const Secret<32>& key) : state_(new State) {
  Secret<kBlock> pad;
  const auto start = [&](SHA256_CTX& context, std::uint8_t filler) {
    for (std::size_t i = 0; i < kBlock; i++) {
      const auto byte = i < key.view().size() ? key.view()[i] : std::uint8_t{0};
      pad.mutable_view()[i] = static_cast<std::uint8_t>(byte ^ filler);
    }
    GBX_CHECK(SHA256_Init(&context) == 1);
    GBX_CHECK(SHA256_Update(&context, pad.view().data(), kBlock) == 1);
  };
  start(state_->inner, 0x36);
  start(state_->outer, 0x5c);
}

Tokeniser::~Tokeniser() {
  wipe({reinterpret_cast<std::uint8_t*>(state_), sizeof(State)});
  delete state_;
}

Token Tokeniser::token(ByteView message) const {
  Hash digest{};
  SHA256_CTX context = state_->inner;
  GBX_CHECK(SHA256_Update(&context, message.data(), message.size()) == 1);
  GBX_CHECK(SHA256_Final(digest.data(), &context) == 1);
  context = state_->outer;
  GBX_CHECK(SHA256_Update(&context, digest.data(), digest.size()) == 1);
  GBX_CHECK(SHA256_Final(digest.data(), &context) == 1);
  Token token{};
  std::memcpy(token.data(), digest.data(), token.size());
  wipe({reinterpret_cast<std::uint8_t*>(&context), sizeof(context)});
  return token;
}

Result<Secret<32>> scrypt(ByteView passphrase, ByteView salt, ScryptCost cost) {
  const Error bad{ErrorCode::invalid_argument, "scrypt_cost"};
  if (cost.n < 2 || (cost.n & (cost.n - 1)) != 0 || cost.r == 0 || cost.p == 0) return bad;
  if (cost.r > 64 || cost.p > 16 || cost.n > kScryptMemoryMax / 128 / cost.r) return bad;
  Secret<32> out;
  const auto* text = reinterpret_cast<const char*>(passphrase.data());
  if (EVP_PBE_scrypt(text, passphrase.size(), salt.data(), salt.size(), cost.n, cost.r, cost.p,
                     kScryptMemoryMax + (std::uint64_t{64} << 20), out.mutable_view().data(),
                     32) != 1) {
    return Error{ErrorCode::unavailable, "scrypt_failed"};
  }
  return out;
}

}  // namespace gbx::crypto
