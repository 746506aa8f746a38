#pragma once

// The payload of an AWS Nitro attestation document: which enclave, its measurements, the
// certificates that vouch for the key that signed it, and three fields that the enclave filled in.
// An attacker writes every byte. What must stay true: members that we do not know, of another type
// or of another size than AWS documents are a refusal.

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "attest/cbor.h"

namespace gbx::attest {

constexpr std::size_t kNitroPcrs = 32;
constexpr std::size_t kNitroDigestBytes = 48;  // SHA-384
constexpr std::size_t kNitroFieldBytesMax = 1024;
constexpr std::size_t kNitroBundleMax = 8;
constexpr std::size_t kNitroModuleIdBytesMax = 128;

// Views into the document.
struct NitroDocument {
  std::string_view module_id;
  std::int64_t timestamp_ms = 0;  // the enclave's own word: never used as the time
  std::array<std::optional<ByteView>, kNitroPcrs> pcrs;
  ByteView certificate;
  std::vector<ByteView> bundle;  // as AWS sends it: root first
  std::optional<ByteView> public_key;
  std::optional<ByteView> user_data;
  std::optional<ByteView> nonce;
};

// `payload` is the content of the COSE_Sign1. Fails with unverified: nitro_document_malformed, or
// as Cbor::parse.
Result<NitroDocument> parse_nitro_document(ByteView payload);

}  // namespace gbx::attest
