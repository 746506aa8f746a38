#pragma once

// What Intel says of its processors and quoting enclaves: TCB info and QE identity, JSON signed
// over its exact bytes, with the certificates and revocation lists around it. An attacker hands it
// over, and may hand over an old one; nothing here is believed until dcap.cc has checked the
// signatures. Members, statuses and versions that are not known are refused.

#include <optional>

#include "attest/chain_files.h"
#include "attest/platform_trust.h"

namespace gbx::attest {

using Svns = std::array<std::uint8_t, 16>;

struct TcbOutcome {
  TcbStatus status = TcbStatus::revoked;
  std::vector<std::string> advisories;
};

struct TcbLevel {
  Svns sgx{};
  std::uint16_t pce_svn = 0;
  Svns tdx{};
  TcbOutcome outcome;
};

struct IsvLevel {
  std::uint16_t isv_svn = 0;
  TcbOutcome outcome;
};

struct TdxModule {
  std::string id;  // "TDX_01"; "" for the module of version 0
  Hash48 mr_signer{};
  std::array<std::uint8_t, 8> attributes{};
  std::array<std::uint8_t, 8> attributes_mask{};
  std::vector<IsvLevel> levels;
};

struct CollateralDates {
  std::int64_t issued = 0;  // seconds since 1970
  std::int64_t next_update = 0;
  std::int64_t evaluation_number = 0;
};

struct TcbInfo {
  std::string id;  // "SGX" or "TDX"
  CollateralDates dates;
  std::array<std::uint8_t, 6> fmspc{};
  std::array<std::uint8_t, 2> pce_id{};
  std::optional<TdxModule> module;
  std::vector<TdxModule> modules;
  std::vector<TcbLevel> levels;  // as Intel sorts them: best first
};

struct QeIdentity {
  std::string id;  // "QE" or "TD_QE"
  CollateralDates dates;
  std::array<std::uint8_t, 4> misc_select{};
  std::array<std::uint8_t, 4> misc_select_mask{};
  std::array<std::uint8_t, 16> attributes{};
  std::array<std::uint8_t, 16> attributes_mask{};
  Hash mrsigner{};
  std::uint16_t isv_prod_id = 0;
  std::vector<IsvLevel> levels;
};

// A text and Intel's signature over exactly its bytes.
struct SignedText {
  std::string text;
  Bytes signature;  // r || s
};

struct DcapCollateral {
  SignedText tcb_info;
  SignedText qe_identity;
  ChainFiles files;  // all certificates and lists, of the collateral and of the chain
};

// `collateral` is either one JSON object with the members tcb_info, tcb_info_signature,
// tcb_info_issuer_chain, qe_identity, qe_identity_signature, qe_identity_issuer_chain,
// root_ca_crl, pck_crl, pck_crl_issuer_chain; or Intel's two raw responses, one after the other.
// `chain` adds certificates and lists. Fails with unverified: collateral_missing,
// collateral_malformed, and words of parse_chain_files.
Result<DcapCollateral> parse_dcap_collateral(ByteView collateral, ByteView chain);

// Fail with unverified (collateral_malformed).
Result<TcbInfo> parse_tcb_info(std::string_view text);
Result<QeIdentity> parse_qe_identity(std::string_view text);

}  // namespace gbx::attest
