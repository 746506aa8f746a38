#include "attest/dcap_collateral.h"

#include <algorithm>

#include "trusted/base/json.h"
#include "trusted/base/value.h"

namespace gbx::attest {
namespace {

constexpr Literal kMalformed = "collateral_malformed";
constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;
constexpr std::size_t kWordBytesMax = 64;
constexpr std::size_t kLevelsMax = 256;
constexpr std::size_t kAdvisoriesMax = 256;
constexpr std::size_t kModulesMax = 32;
constexpr std::size_t kSvns = 16;
constexpr std::int64_t kMicros = 1'000'000;
constexpr std::size_t kSignatureHex = 128;
constexpr std::string_view kTcbInfoOpens = "{\"tcbInfo\":";
constexpr std::string_view kQeIdentityOpens = "{\"enclaveIdentity\":";
constexpr std::string_view kSignatureFollows = ",\"signature\":\"";

Error malformed() { return {ErrorCode::unverified, kMalformed}; }

// Intel writes hex in either case.
std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
  }
  return text;
}

template <std::size_t N>
std::array<std::uint8_t, N> take_hex(Fields& fields, std::string_view key) {
  const auto bytes = from_hex(lower(fields.text(key, 2 * N)));
  std::array<std::uint8_t, N> out{};
  if (!bytes || bytes->size() != N) {
    fields.fail();
    return out;
  }
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

std::int64_t take_date(Fields& fields, std::string_view key) {
  const auto micros = parse_timestamp(fields.text(key, kWordBytesMax));
  if (!micros) fields.fail();
  return micros ? *micros / kMicros : 0;
}

CollateralDates take_dates(Fields& fields) {
  CollateralDates out;
  out.issued = take_date(fields, "issueDate");
  out.next_update = take_date(fields, "nextUpdate");
  out.evaluation_number = fields.integer("tcbEvaluationDataNumber", 0, Json::kIntegerMax);
  return out;
}

std::uint16_t take_u16(Fields& fields, std::string_view key) {
  return static_cast<std::uint16_t>(fields.integer(key, 0, 0xFFFF));
}

// The members that every level has beside its "tcb".
TcbOutcome take_outcome(Fields& fields) {
  TcbOutcome out;
  take_date(fields, "tcbDate");
  const auto status = tcb_status_from(fields.text("tcbStatus", kWordBytesMax));
  if (!status) fields.fail();
  out.status = status.value_or(TcbStatus::revoked);
  const Json* advisories = fields.optional("advisoryIDs");
  if (advisories == nullptr) return out;
  if (advisories->array() == nullptr || advisories->array()->size() > kAdvisoriesMax) {
    fields.fail();
    return out;
  }
  for (const Json& entry : *advisories->array()) {
    if (entry.string() == nullptr || entry.string()->size() > kWordBytesMax) fields.fail();
    if (entry.string() != nullptr) out.advisories.push_back(*entry.string());
  }
  return out;
}

Svns take_svns(Fields& fields, std::string_view key) {
  Svns out{};
  const Json::Array& list = fields.array(key, kSvns);
  if (list.size() != kSvns) fields.fail();
  for (std::size_t i = 0; i < std::min(list.size(), kSvns); i++) {
    Fields entry(list[i], kMalformed);
    out[i] = static_cast<std::uint8_t>(entry.integer("svn", 0, 0xFF));
    entry.optional("category");
    entry.optional("type");
    if (!entry.finish()) fields.fail();
  }
  return out;
}

Result<TcbLevel> decode_level(const Json& json, bool is_tdx) {
  Fields fields(json, kMalformed);
  TcbLevel out;
  Fields tcb(fields.object("tcb"), kMalformed);
  out.sgx = take_svns(tcb, "sgxtcbcomponents");
  out.pce_svn = take_u16(tcb, "pcesvn");
  if (is_tdx) out.tdx = take_svns(tcb, "tdxtcbcomponents");
  out.outcome = take_outcome(fields);
  if (!tcb.finish() || !fields.finish()) return malformed();
  return out;
}

Result<IsvLevel> decode_isv_level(const Json& json) {
  Fields fields(json, kMalformed);
  IsvLevel out;
  Fields tcb(fields.object("tcb"), kMalformed);
  out.isv_svn = take_u16(tcb, "isvsvn");
  out.outcome = take_outcome(fields);
  if (!tcb.finish() || !fields.finish()) return malformed();
  return out;
}

std::vector<IsvLevel> take_isv_levels(Fields& fields) {
  std::vector<IsvLevel> out;
  for (const Json& entry : fields.array("tcbLevels", kLevelsMax)) {
    auto level = decode_isv_level(entry);
    if (!level) fields.fail();
    if (level) out.push_back(std::move(level).value());
  }
  return out;
}

Result<TdxModule> decode_module(const Json& json, bool is_named) {
  Fields fields(json, kMalformed);
  TdxModule out;
  out.mr_signer = take_hex<48>(fields, "mrsigner");
  out.attributes = take_hex<8>(fields, "attributes");
  out.attributes_mask = take_hex<8>(fields, "attributesMask");
  if (is_named) {
    out.id = fields.text("id", kWordBytesMax);
    out.levels = take_isv_levels(fields);
  }
  if (!fields.finish()) return malformed();
  return out;
}

void take_modules(Fields& fields, TcbInfo& out) {
  auto first = decode_module(fields.object("tdxModule"), false);
  if (!first) fields.fail();
  if (first) out.module = std::move(first).value();
  const Json* named = fields.optional("tdxModuleIdentities");
  if (named == nullptr) return;
  if (named->array() == nullptr || named->array()->size() > kModulesMax) {
    fields.fail();
    return;
  }
  for (const Json& entry : *named->array()) {
    auto module = decode_module(entry, true);
    if (!module) fields.fail();
    if (module) out.modules.push_back(std::move(module).value());
  }
}

Result<Bytes> decode_signature(std::string_view hex) {
  auto signature = from_hex(lower(std::string(hex)));
  if (!signature || signature->size() * 2 != kSignatureHex) return malformed();
  return signature;
}

// One of Intel's responses at the front of `text`: {"<name>":<what is signed>,"signature":"<hex>"}.
// The signed bytes are taken out as they stand.
Result<SignedText> take_response(std::string_view& text, std::string_view opens) {
  if (!text.starts_with(opens)) return malformed();
  const std::size_t at = text.find(kSignatureFollows, opens.size());
  if (at == std::string_view::npos) return malformed();
  const std::string_view rest = text.substr(at + kSignatureFollows.size());
  if (rest.size() < kSignatureHex || !rest.substr(kSignatureHex).starts_with("\"}")) {
    return malformed();
  }
  SignedText out;
  out.text = text.substr(opens.size(), at - opens.size());
  GBX_TRY_ASSIGN(out.signature, decode_signature(rest.substr(0, kSignatureHex)));
  text = rest.substr(kSignatureHex + 2);
  while (!text.empty() && (text.front() == '\n' || text.front() == '\r')) text.remove_prefix(1);
  return out;
}

Result<DcapCollateral> parse_responses(std::string_view text) {
  DcapCollateral out;
  const bool tcb_first = text.starts_with(kTcbInfoOpens);
  if (tcb_first) {
    GBX_TRY_ASSIGN(out.tcb_info, take_response(text, kTcbInfoOpens));
  }
  GBX_TRY_ASSIGN(out.qe_identity, take_response(text, kQeIdentityOpens));
  if (!tcb_first) {
    GBX_TRY_ASSIGN(out.tcb_info, take_response(text, kTcbInfoOpens));
  }
  if (!text.empty()) return malformed();
  return out;
}

Status add_files(ByteView bytes, ChainFiles& out) {
  GBX_TRY_ASSIGN(ChainFiles files, parse_chain_files(bytes));
  for (crypto::Certificate& entry : files.certificates) out.certificates.push_back(entry);
  for (crypto::Crl& entry : files.crls) out.crls.push_back(entry);
  return {};
}

Result<DcapCollateral> parse_object(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return malformed();
  Fields fields(*json, kMalformed);
  DcapCollateral out;
  out.tcb_info.text = fields.text("tcb_info", kTextBytesMax);
  out.qe_identity.text = fields.text("qe_identity", kTextBytesMax);
  const std::string tcb_signature = fields.text("tcb_info_signature", kSignatureHex);
  const std::string qe_signature = fields.text("qe_identity_signature", kSignatureHex);
  std::string pem;
  for (const char* key :
       {"tcb_info_issuer_chain", "qe_identity_issuer_chain", "pck_crl_issuer_chain"}) {
    pem += fields.text(key, kTextBytesMax);
  }
  fields.optional("pck_certificate_chain");  // the quote has its own
  Bytes lists;
  for (const char* key : {"root_ca_crl", "pck_crl"}) {
    const auto list = from_hex(lower(fields.text(key, kTextBytesMax)));
    if (!list) return malformed();
    lists.insert(lists.end(), list->begin(), list->end());
  }
  if (!fields.finish()) return malformed();
  GBX_TRY_ASSIGN(out.tcb_info.signature, decode_signature(tcb_signature));
  GBX_TRY_ASSIGN(out.qe_identity.signature, decode_signature(qe_signature));
  GBX_TRY(add_files(as_bytes(pem), out.files));
  GBX_TRY(add_files(lists, out.files));
  return out;
}

}  // namespace

Result<DcapCollateral> parse_dcap_collateral(ByteView collateral, ByteView chain) {
  const std::string_view text = as_text(collateral);
  if (text.empty()) return Error{ErrorCode::unverified, "collateral_missing"};
  const bool raw = text.starts_with(kTcbInfoOpens) || text.starts_with(kQeIdentityOpens);
  GBX_TRY_ASSIGN(DcapCollateral out, raw ? parse_responses(text) : parse_object(text));
  GBX_TRY(add_files(chain, out.files));
  return out;
}

Result<TcbInfo> parse_tcb_info(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return malformed();
  Fields fields(*json, kMalformed);
  TcbInfo out;
  out.id = fields.text("id", kWordBytesMax);
  const bool is_tdx = out.id == "TDX";
  fields.integer("version", 3, 3);
  fields.integer("tcbType", 0, 0);
  out.dates = take_dates(fields);
  out.fmspc = take_hex<6>(fields, "fmspc");
  out.pce_id = take_hex<2>(fields, "pceId");
  if (is_tdx) take_modules(fields, out);
  for (const Json& entry : fields.array("tcbLevels", kLevelsMax)) {
    auto level = decode_level(entry, is_tdx);
    if (!level) fields.fail();
    if (level) out.levels.push_back(std::move(level).value());
  }
  if (!fields.finish()) return malformed();
  return out;
}

Result<QeIdentity> parse_qe_identity(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return malformed();
  Fields fields(*json, kMalformed);
  QeIdentity out;
  out.id = fields.text("id", kWordBytesMax);
  fields.integer("version", 2, 2);
  out.dates = take_dates(fields);
  out.misc_select = take_hex<4>(fields, "miscselect");
  out.misc_select_mask = take_hex<4>(fields, "miscselectMask");
  out.attributes = take_hex<16>(fields, "attributes");
  out.attributes_mask = take_hex<16>(fields, "attributesMask");
  out.mrsigner = take_hex<32>(fields, "mrsigner");
  out.isv_prod_id = take_u16(fields, "isvprodid");
  out.levels = take_isv_levels(fields);
  if (!fields.finish()) return malformed();
  return out;
}

}  // namespace gbx::attest
