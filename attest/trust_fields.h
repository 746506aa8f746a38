#pragma once

// How the sections of a trust policy are read and written; for attest/*_trust.cc only.

#include <algorithm>

#include "attest/trust_policy.h"

namespace gbx::attest {

constexpr Literal kTrustMalformed = "trust_policy_malformed";

// Each element of the list through `decode(const Json&) -> Result<T>`.
template <typename T, typename Decode>
std::vector<T> take_list(Fields& fields, std::string_view key, Decode decode) {
  std::vector<T> out;
  for (const Json& entry : fields.array(key, kTrustListMax)) {
    auto one = decode(entry);
    if (one) {
      out.push_back(std::move(one).value());
    } else {
      fields.fail();
    }
  }
  return out;
}

template <typename T, typename Encode>
Json encode_list(const std::vector<T>& list, Encode encode) {
  Json::Array out;
  for (const T& entry : list) out.push_back(encode(entry));
  return out;
}

// Hex of exactly `size` bytes.
Result<Bytes> decode_hex(const Json& json, std::size_t size);
template <std::size_t N>
Result<std::array<std::uint8_t, N>> decode_array(const Json& json) {
  GBX_TRY_ASSIGN(const Bytes bytes, decode_hex(json, N));
  std::array<std::uint8_t, N> out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}
template <std::size_t N>
Json encode_hex(const std::array<std::uint8_t, N>& bytes) {
  return to_hex(bytes);
}

// A known root by its name, any other by the hex of its SHA-256: one spelling for each.
Result<Hash> decode_root(const Json& json);
Json encode_root(const Hash& root);
Result<std::string> decode_word(const Json& json);

// 64 bits as 16 hex digits, the highest first.
std::uint64_t take_bits(Fields& fields, std::string_view key);
Json encode_bits(std::uint64_t bits);

// "any", or a list of hex of `size` bytes.
Machines take_machines(Fields& fields, std::size_t size);
Json encode_machines(const Machines& machines);

// "policy_hash", or hex of N bytes.
template <std::size_t N>
BoundData<N> take_bound(Fields& fields, std::string_view key) {
  BoundData<N> out;
  const std::string text = fields.text(key, 2 * N);
  if (text == "policy_hash") return out;
  const auto fixed = decode_array<N>(Json(text));
  if (!fixed) fields.fail();
  out.fixed = fixed ? *fixed : std::array<std::uint8_t, N>{};
  return out;
}
template <std::size_t N>
Json encode_bound(const BoundData<N>& bound) {
  return bound.fixed ? Json(to_hex(*bound.fixed)) : Json("policy_hash");
}

// The sections; each fails with trust_policy_malformed.
Result<SimTrust> decode_sim_trust(const Json& json);
Result<SnpTrust> decode_snp_trust(const Json& json);
Result<SgxTrust> decode_sgx_trust(const Json& json);
Result<TdxTrust> decode_tdx_trust(const Json& json);
Result<TpmTrust> decode_tpm_trust(const Json& json);
Result<NitroTrust> decode_nitro_trust(const Json& json);
Result<AzureTrust> decode_azure_trust(const Json& json);
Json encode_sim_trust(const SimTrust& trust);
Json encode_snp_trust(const SnpTrust& trust);
Json encode_sgx_trust(const SgxTrust& trust);
Json encode_tdx_trust(const TdxTrust& trust);
Json encode_tpm_trust(const TpmTrust& trust);
Json encode_nitro_trust(const NitroTrust& trust);
Json encode_azure_trust(const AzureTrust& trust);

}  // namespace gbx::attest
