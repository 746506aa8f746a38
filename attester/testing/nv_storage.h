#pragma once

// Tests only: writes into the NV storage of a software TPM what a cloud leaves there.

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tcti_swtpm.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "trusted/base/bytes.h"

namespace gbx::attester {

class NvStorage {
 public:
  // `where` is as Tpm::open() takes it.
  explicit NvStorage(const std::string& where) {
    const std::size_t port = where.rfind(':');
    const std::string setting = "host=127.0.0.1,port=" + where.substr(port + 1);
    std::size_t size = 0;
    GBX_CHECK(Tss2_Tcti_Swtpm_Init(nullptr, &size, setting.c_str()) == TSS2_RC_SUCCESS);
    tcti_ = static_cast<TSS2_TCTI_CONTEXT*>(std::calloc(1, size));
    GBX_CHECK(Tss2_Tcti_Swtpm_Init(tcti_, &size, setting.c_str()) == TSS2_RC_SUCCESS);
    GBX_CHECK(Esys_Initialize(&esys_, tcti_, nullptr) == TSS2_RC_SUCCESS);
    Esys_Startup(esys_, TPM2_SU_CLEAR);
  }
  ~NvStorage() {
    Esys_Finalize(&esys_);
    reinterpret_cast<TSS2_TCTI_CONTEXT_COMMON_V1*>(tcti_)->finalize(tcti_);
    std::free(tcti_);
  }
  NvStorage(const NvStorage&) = delete;
  NvStorage& operator=(const NvStorage&) = delete;
  NvStorage(NvStorage&&) = delete;
  NvStorage& operator=(NvStorage&&) = delete;

  // In place of what was there.
  void put(TPM2_HANDLE handle, ByteView bytes) {
    remove(handle);
    TPM2B_NV_PUBLIC area{};
    area.nvPublic.nvIndex = handle;
    area.nvPublic.nameAlg = TPM2_ALG_SHA256;
    area.nvPublic.attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD;
    area.nvPublic.dataSize = static_cast<UINT16>(bytes.size());
    const TPM2B_AUTH nobody{};
    ESYS_TR index = ESYS_TR_NONE;
    GBX_CHECK(Esys_NV_DefineSpace(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, &nobody, &area, &index) == TSS2_RC_SUCCESS);
    for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
      TPM2B_MAX_NV_BUFFER piece{};
      const ByteView part = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
      piece.size = static_cast<UINT16>(part.size());
      std::copy(part.begin(), part.end(), piece.buffer);
      GBX_CHECK(Esys_NV_Write(esys_, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, &piece, static_cast<UINT16>(at)) == TSS2_RC_SUCCESS);
    }
    Esys_TR_Close(esys_, &index);
  }
  void remove(TPM2_HANDLE handle) {
    ESYS_TR index = ESYS_TR_NONE;
    if (Esys_TR_FromTPMPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index) ==
        TSS2_RC_SUCCESS) {
      GBX_CHECK(Esys_NV_UndefineSpace(esys_, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD,
                                      ESYS_TR_NONE, ESYS_TR_NONE) == TSS2_RC_SUCCESS);
    }
  }

 private:
  static constexpr std::size_t kPiece = 512;
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
};

}  // namespace gbx::attester
