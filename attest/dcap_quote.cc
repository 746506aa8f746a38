#include "attest/dcap_quote.h"

#include <algorithm>

#include "attest/chain_files.h"

namespace gbx::attest {
namespace {

constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kEnclaveReportBytes = 384;
constexpr std::size_t kTdReportBytes = 584;
constexpr std::size_t kTd15ReportBytes = 648;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kAuthBytesMax = 1024;
constexpr std::size_t kPemBytesMax = 32'768;
constexpr std::size_t kQuoteBytesMax = 65'536;
constexpr std::uint32_t kTeeSgx = 0;
constexpr std::uint32_t kTeeTdx = 0x81;
constexpr std::uint16_t kKeyEcdsaP256 = 2;
constexpr std::uint16_t kCertificatePemChain = 5;
constexpr std::uint16_t kCertificateQeReport = 6;
constexpr std::uint16_t kBodyTd10 = 2;
constexpr std::uint16_t kBodyTd15 = 3;

Error malformed() { return {ErrorCode::unverified, "dcap_malformed"}; }

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Which body follows the header; 0 when version and platform do not go together.
Result<std::size_t> take_body_size(Reader& reader, std::uint16_t version, bool is_tdx) {
  const Error not_allowed{ErrorCode::unverified, "dcap_version_not_allowed"};
  if (version == 3 && !is_tdx) return kEnclaveReportBytes;
  if (version == 4 && is_tdx) return kTdReportBytes;
  if (version != 5 || !is_tdx) return not_allowed;
  const std::uint16_t type = reader.u16();
  const std::uint32_t size = reader.u32();
  if (type == kBodyTd10 && size == kTdReportBytes) return kTdReportBytes;
  if (type == kBodyTd15 && size == kTd15ReportBytes) return kTd15ReportBytes;
  return not_allowed;
}

TdReport parse_td_report(ByteView bytes) {
  Reader reader(bytes);
  TdReport out;
  out.tee_tcb_svn = reader.array<16>();
  out.mr_seam = reader.array<48>();
  out.mr_signer_seam = reader.array<48>();
  out.seam_attributes = reader.u64();
  out.td_attributes = reader.u64();
  out.xfam = reader.u64();
  out.mr_td = reader.array<48>();
  out.mr_config_id = reader.array<48>();
  out.mr_owner = reader.array<48>();
  out.mr_owner_config = reader.array<48>();
  for (Hash48& rtmr : out.rtmrs) rtmr = reader.array<48>();
  out.report_data = reader.array<64>();
  if (reader.left() > 0) {
    out.tee_tcb_svn2 = reader.array<16>();
    out.mr_service_td = reader.array<48>();
  }
  GBX_CHECK(reader.done());
  return out;
}

// QE report, its signature, the data it vouches for, and the PCK's chain, to the last byte.
Status parse_certification(Reader& reader, DcapQuote& out) {
  const ByteView report = reader.view(kEnclaveReportBytes);
  out.qe_report_bytes = copy(report);
  out.qe_signature = copy(reader.view(kSignatureBytes));
  const std::uint16_t auth_size = reader.u16();
  if (auth_size > kAuthBytesMax) return malformed();
  out.qe_auth_data = copy(reader.view(auth_size));
  const std::uint16_t type = reader.u16();
  const ByteView pem = reader.block(kPemBytesMax);
  if (!reader.done() || type != kCertificatePemChain) return malformed();
  out.qe_report = parse_enclave_report(report.first<kEnclaveReportBytes>());
  std::string_view text = as_text(pem);
  if (text.ends_with('\0')) text.remove_suffix(1);
  GBX_TRY_ASSIGN(out.certificates, parse_strict_pem(text));
  return {};
}

Status parse_signature_data(ByteView bytes, DcapQuote& out) {
  Reader reader(bytes);
  out.signature = copy(reader.view(kSignatureBytes));
  out.attestation_key = copy(reader.view(kSignatureBytes));
  if (out.version == 3) return parse_certification(reader, out);
  const std::uint16_t type = reader.u16();
  const ByteView inner = reader.block(kQuoteBytesMax);
  if (!reader.done() || type != kCertificateQeReport) return malformed();
  Reader inside(inner);
  return parse_certification(inside, out);
}

}  // namespace

EnclaveReport parse_enclave_report(std::span<const std::uint8_t, 384> bytes) {
  Reader reader(bytes);
  EnclaveReport out;
  const auto skip = [&](std::size_t size) { return is_zero(reader.view(size)); };
  out.cpu_svn = reader.array<16>();
  out.misc_select = reader.array<4>();
  bool zero = skip(28);
  out.attributes = reader.array<16>();
  out.mrenclave = reader.array<32>();
  zero = skip(32) && zero;
  out.mrsigner = reader.array<32>();
  zero = skip(96) && zero;
  out.isv_prod_id = reader.u16();
  out.isv_svn = reader.u16();
  zero = skip(60) && zero;
  out.report_data = reader.array<64>();
  GBX_CHECK(reader.done());
  out.reserved_zero = zero;
  return out;
}

Result<DcapQuote> parse_dcap_quote(ByteView bytes, bool is_tdx) {
  if (bytes.size() > kQuoteBytesMax) return malformed();
  Reader reader(bytes);
  DcapQuote out;
  out.version = reader.u16();
  out.key_type = reader.u16();
  const std::uint32_t tee = reader.u32();
  reader.view(4);  // SVNs of the QE and PCE, which its report and the PCK say again
  out.vendor = reader.array<16>();
  out.user_data = reader.array<20>();
  if (reader.failed()) return malformed();
  if (tee != (is_tdx ? kTeeTdx : kTeeSgx)) {
    return Error{ErrorCode::unverified, "dcap_version_not_allowed"};
  }
  if (out.key_type != kKeyEcdsaP256) {
    return Error{ErrorCode::unverified, "dcap_key_type_unknown"};
  }
  GBX_TRY_ASSIGN(const std::size_t body_size, take_body_size(reader, out.version, is_tdx));
  const ByteView body = reader.view(body_size);
  if (body.size() != body_size) return malformed();
  const std::size_t signed_size = bytes.size() - reader.left();
  GBX_CHECK(signed_size >= kHeaderBytes + body_size);
  out.signed_bytes = copy(bytes.first(signed_size));
  if (is_tdx) {
    out.td = parse_td_report(body);
  } else {
    out.enclave = parse_enclave_report(body.first<kEnclaveReportBytes>());
  }
  const ByteView signature_data = reader.block(kQuoteBytesMax);
  if (reader.failed()) return malformed();
  GBX_TRY(parse_signature_data(signature_data, out));
  if (!is_zero(reader.view(reader.left()))) {
    return Error{ErrorCode::unverified, "dcap_trailing_bytes"};
  }
  return out;
}

}  // namespace gbx::attest
