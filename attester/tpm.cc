#include "attester/tpm.h"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tcti_device.h>
#include <tss2/tss2_tcti_swtpm.h>

#include <algorithm>

namespace gbx::attester {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "tpm_failed"};
constexpr Error kKeyMissing{ErrorCode::unavailable, "tpm_key_missing"};
constexpr TPM2_HANDLE kEndorsementCertificate = 0x01C00002;

// Where Google keeps the templates of its attestation keys, and their certificates.
struct CertifiedKey {
  TPM2_HANDLE templates;
  TPM2_HANDLE certificate;
};
constexpr std::array<CertifiedKey, 2> kGoogleKeys{
    {{0x01C10003, 0x01C10002}, {0x01C10001, 0x01C10000}}};
constexpr std::size_t kNvPiece = 512;
constexpr std::size_t kCertificateBytesMax = 8192;
constexpr std::size_t kPcrRoundsMax = 8;

// PolicySecret(TPM_RH_ENDORSEMENT): who may use an endorsement key (TCG EK Credential Profile,
// B.6).
constexpr std::array<std::uint8_t, 32> kEndorsementPolicy{
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

template <typename T>
struct Freed {
  T* value = nullptr;
  Freed() = default;
  Freed(const Freed&) = delete;
  Freed& operator=(const Freed&) = delete;
  Freed(Freed&&) = delete;
  Freed& operator=(Freed&&) = delete;
  ~Freed() { Esys_Free(value); }
  T* operator->() const { return value; }
};

template <typename Buffer>
bool fill(Buffer& into, ByteView bytes) {
  if (bytes.size() > sizeof(into.buffer)) return false;
  into.size = static_cast<UINT16>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), into.buffer);
  return true;
}

// The attestation key: what attest::is_attestation_key() demands. It has no secret to guess, so
// noDA: after a few power cuts a TPM would else refuse to use it for hours.
TPM2B_PUBLIC attestation_template() {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                          TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
  TPMS_ECC_PARMS& ecc = area.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_NULL;
  ecc.scheme.scheme = TPM2_ALG_ECDSA;
  ecc.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

// The endorsement key of template L-1, which NV index 0x01C00002 certifies.
TPM2B_PUBLIC endorsement_template() {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_RSA;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  fill(area.authPolicy, kEndorsementPolicy);
  TPMS_RSA_PARMS& rsa = area.parameters.rsaDetail;
  rsa.symmetric.algorithm = TPM2_ALG_AES;
  rsa.symmetric.keyBits.aes = 128;
  rsa.symmetric.mode.aes = TPM2_ALG_CFB;
  rsa.scheme.scheme = TPM2_ALG_NULL;
  rsa.keyBits = 2048;
  area.unique.rsa.size = 256;
  return out;
}

TPML_PCR_SELECTION selection_of(attest::PcrMask mask) {
  TPML_PCR_SELECTION out{};
  out.count = 1;
  out.pcrSelections[0].hash = TPM2_ALG_SHA256;
  out.pcrSelections[0].sizeofSelect = 3;
  for (unsigned i = 0; i < 3; i++) {
    out.pcrSelections[0].pcrSelect[i] = static_cast<BYTE>(mask >> 8 * i);
  }
  return out;
}

attest::PcrMask mask_of(const TPML_PCR_SELECTION& selection) {
  attest::PcrMask out = 0;
  for (unsigned i = 0; selection.count == 1 && i < 3; i++) {
    out |= attest::PcrMask{selection.pcrSelections[0].pcrSelect[i]} << 8 * i;
  }
  return out;
}

Result<TSS2_TCTI_CONTEXT*> connect(const std::string& where) {
  const std::size_t colon = where.find(':');
  const std::string kind = where.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : where.substr(colon + 1);
  const std::size_t port = rest.rfind(':');
  std::string setting = rest;
  auto* init = &Tss2_Tcti_Device_Init;
  if (kind == "swtpm" && port != std::string::npos) {
    setting = "host=" + rest.substr(0, port) + ",port=" + rest.substr(port + 1);
    init = &Tss2_Tcti_Swtpm_Init;
  } else if (kind != "device" || rest.empty()) {
    return Error{ErrorCode::invalid_argument, "tpm_unknown"};
  }
  std::size_t size = 0;
  const Error unreachable{ErrorCode::unavailable, "tpm_unreachable"};
  if (init(nullptr, &size, setting.c_str()) != TSS2_RC_SUCCESS) return unreachable;
  auto* context = static_cast<TSS2_TCTI_CONTEXT*>(std::calloc(1, size));
  if (context == nullptr) return unreachable;
  if (init(context, &size, setting.c_str()) != TSS2_RC_SUCCESS) {
    std::free(context);
    return unreachable;
  }
  return context;
}

}  // namespace

struct Tpm::State {
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  ESYS_CONTEXT* esys = nullptr;
  ESYS_TR ak = ESYS_TR_NONE;
  Bytes ak_public;
  Bytes ak_certificate;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() {
    if (ak != ESYS_TR_NONE) Esys_FlushContext(esys, ak);
    Esys_Finalize(&esys);
    // Tss2_Tcti_Finalize() is a macro of casts.
    auto* common = reinterpret_cast<TSS2_TCTI_CONTEXT_COMMON_V1*>(tcti);
    if (common != nullptr && common->finalize != nullptr) common->finalize(tcti);
    std::free(tcti);
  }

  // A key of the endorsement hierarchy, made from its seed.
  Result<ESYS_TR> primary(const TPM2B_PUBLIC& wanted, Bytes* area) const {
    const TPM2B_SENSITIVE_CREATE sensitive{};
    const TPM2B_DATA outside{};
    const TPML_PCR_SELECTION none{};
    ESYS_TR handle = ESYS_TR_NONE;
    Freed<TPM2B_PUBLIC> made;
    const TSS2_RC rc = Esys_CreatePrimary(esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                          ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &wanted, &outside,
                                          &none, &handle, &made.value, nullptr, nullptr, nullptr);
    if (rc != TSS2_RC_SUCCESS) return kFailed;
    if (area == nullptr) return handle;
    std::array<std::uint8_t, sizeof(TPMT_PUBLIC)> bytes{};
    std::size_t size = 0;
    Tss2_MU_TPMT_PUBLIC_Marshal(&made->publicArea, bytes.data(), bytes.size(), &size);
    area->assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    return handle;
  }

  // The contents of an NV index. Fails as well where there is none.
  Result<Bytes> read_nv(TPM2_HANDLE handle) const {
    ESYS_TR index = ESYS_TR_NONE;
    if (Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index) !=
        TSS2_RC_SUCCESS) {
      return kFailed;
    }
    Freed<TPM2B_NV_PUBLIC> area;
    const TSS2_RC known = Esys_NV_ReadPublic(esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                             &area.value, nullptr);
    Bytes out;
    bool whole = known == TSS2_RC_SUCCESS && area->nvPublic.dataSize <= kCertificateBytesMax;
    while (whole && out.size() < area->nvPublic.dataSize) {
      const std::size_t left = area->nvPublic.dataSize - out.size();
      Freed<TPM2B_MAX_NV_BUFFER> piece;
      whole = Esys_NV_Read(esys, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                           ESYS_TR_NONE, static_cast<UINT16>(std::min(left, kNvPiece)),
                           static_cast<UINT16>(out.size()), &piece.value) == TSS2_RC_SUCCESS &&
              piece->size > 0;
      if (whole) out.insert(out.end(), piece->buffer, piece->buffer + piece->size);
    }
    Esys_TR_Close(esys, &index);
    if (!whole) return kFailed;
    return out;
  }

  // The key of the first template that is there, with its certificate.
  Status load_google_key() {
    for (const CertifiedKey& key : kGoogleKeys) {
      const auto text = read_nv(key.templates);
      if (!text) continue;
      TPM2B_PUBLIC wanted{};
      std::size_t used = 0;
      if (Tss2_MU_TPMT_PUBLIC_Unmarshal(text->data(), text->size(), &used, &wanted.publicArea) !=
          TSS2_RC_SUCCESS) {
        return kFailed;
      }
      GBX_TRY_ASSIGN(ak_certificate, read_nv(key.certificate));
      GBX_TRY_ASSIGN(ak, primary(wanted, &ak_public));
      return {};
    }
    return kKeyMissing;
  }

  Result<std::vector<attest::PcrValue>> read_pcrs(attest::PcrMask mask) const {
    std::vector<attest::PcrValue> out;
    for (std::size_t round = 0; mask != 0 && round < kPcrRoundsMax; round++) {
      const TPML_PCR_SELECTION wanted = selection_of(mask);
      Freed<TPML_PCR_SELECTION> given;
      Freed<TPML_DIGEST> values;
      if (Esys_PCR_Read(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, nullptr,
                        &given.value, &values.value) != TSS2_RC_SUCCESS) {
        return kFailed;
      }
      const attest::PcrMask read = mask_of(*given.value) & mask;
      std::size_t next = 0;
      for (std::uint8_t i = 0; i < attest::kPcrCount; i++) {
        if ((read >> i & 1U) == 0 || next >= values->count) continue;
        const TPM2B_DIGEST& value = values->digests[next++];
        out.push_back({i, Bytes(value.buffer, value.buffer + value.size)});
      }
      mask &= ~read;
    }
    if (mask != 0) return kFailed;
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
    return out;
  }
};

Tpm::Tpm(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tpm::Tpm(Tpm&&) noexcept = default;
Tpm& Tpm::operator=(Tpm&&) noexcept = default;
Tpm::~Tpm() = default;

Result<Tpm> Tpm::open(const std::string& where, TpmKey key) {
  auto state = std::make_unique<State>();
  GBX_TRY_ASSIGN(state->tcti, connect(where));
  if (Esys_Initialize(&state->esys, state->tcti, nullptr) != TSS2_RC_SUCCESS) return kFailed;
  // A software TPM may not have been started yet; one that was says so, which is no failure.
  const TSS2_RC started = Esys_Startup(state->esys, TPM2_SU_CLEAR);
  if (started != TSS2_RC_SUCCESS && started != TPM2_RC_INITIALIZE) return kFailed;
  if (key == TpmKey::own) {
    GBX_TRY_ASSIGN(state->ak, state->primary(attestation_template(), &state->ak_public));
  }
  if (key == TpmKey::google) GBX_TRY(state->load_google_key());
  return Tpm(std::move(state));
}

const Bytes& Tpm::ak_public() const { return state_->ak_public; }
const Bytes& Tpm::ak_certificate() const { return state_->ak_certificate; }

Result<attest::TpmEvidence> Tpm::quote(const QuoteOrder& order) {
  TPM2B_DATA qualifying{};
  if (order.binding.size() > 32 || !fill(qualifying, order.binding)) return kFailed;
  const TPMT_SIG_SCHEME own{.scheme = TPM2_ALG_NULL, .details = {}};
  const TPML_PCR_SELECTION selection = selection_of(order.selection);
  attest::TpmEvidence out;
  GBX_TRY_ASSIGN(out.pcrs, state_->read_pcrs(order.selection));
  Freed<TPM2B_ATTEST> quoted;
  Freed<TPMT_SIGNATURE> signature;
  const TSS2_RC rc =
      Esys_Quote(state_->esys, state_->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                 &qualifying, &own, &selection, &quoted.value, &signature.value);
  if (rc != TSS2_RC_SUCCESS) return kFailed;
  out.quote.assign(quoted->attestationData, quoted->attestationData + quoted->size);
  std::array<std::uint8_t, sizeof(TPMT_SIGNATURE)> bytes{};
  std::size_t size = 0;
  if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature.value, bytes.data(), bytes.size(), &size) !=
      TSS2_RC_SUCCESS) {
    return kFailed;
  }
  out.signature.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  return out;
}

Status Tpm::extend(unsigned pcr, const Hash& digest) {
  TPML_DIGEST_VALUES values{};
  values.count = 1;
  values.digests[0].hashAlg = TPM2_ALG_SHA256;
  std::copy(digest.begin(), digest.end(), values.digests[0].digest.sha256);
  const TSS2_RC rc = Esys_PCR_Extend(state_->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD,
                                     ESYS_TR_NONE, ESYS_TR_NONE, &values);
  if (pcr >= attest::kPcrCount || rc != TSS2_RC_SUCCESS) return kFailed;
  return {};
}

Result<Bytes> Tpm::endorsement_certificate() { return state_->read_nv(kEndorsementCertificate); }

Result<Bytes> Tpm::activate(ByteView id_object, ByteView secret) {
  ESYS_CONTEXT* esys = state_->esys;
  TPM2B_ID_OBJECT blob{};
  TPM2B_ENCRYPTED_SECRET seed{};
  if (id_object.size() > sizeof(blob.credential) || secret.size() > sizeof(seed.secret)) {
    return kFailed;
  }
  blob.size = static_cast<UINT16>(id_object.size());
  std::copy(id_object.begin(), id_object.end(), blob.credential);
  seed.size = static_cast<UINT16>(secret.size());
  std::copy(secret.begin(), secret.end(), seed.secret);
  GBX_TRY_ASSIGN(const ESYS_TR ek, state_->primary(endorsement_template(), nullptr));
  const TPMT_SYM_DEF plain{.algorithm = TPM2_ALG_NULL, .keyBits = {}, .mode = {}};
  ESYS_TR session = ESYS_TR_NONE;
  Freed<TPM2B_DIGEST> out;
  bool done = Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    ESYS_TR_NONE, nullptr, TPM2_SE_POLICY, &plain, TPM2_ALG_SHA256,
                                    &session) == TSS2_RC_SUCCESS;
  done = done && Esys_PolicySecret(esys, ESYS_TR_RH_ENDORSEMENT, session, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, nullptr, nullptr, nullptr, 0,
                                   nullptr, nullptr) == TSS2_RC_SUCCESS;
  done = done && Esys_ActivateCredential(esys, state_->ak, ek, ESYS_TR_PASSWORD, session,
                                         ESYS_TR_NONE, &blob, &seed, &out.value) == TSS2_RC_SUCCESS;
  if (!done && session != ESYS_TR_NONE) Esys_FlushContext(esys, session);
  Esys_FlushContext(esys, ek);
  if (!done) return kFailed;
  return Bytes(out->buffer, out->buffer + out->size);
}

}  // namespace gbx::attester
