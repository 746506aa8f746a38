#pragma once

// How current a platform is, by Intel's own rules (Intel QVL, Checks/TcbLevelCheck.cpp): the first
// level that the platform reaches decides; platform, TDX module and quoting enclave converge to the
// worst of them, and every advisory counts.

#include "attest/dcap_collateral.h"
#include "attest/dcap_quote.h"
#include "attest/pck.h"

namespace gbx::attest {

// The first level, nullptr when the platform is below all of them. `tee_tcb_svn` is nullptr for
// SGX.
const TcbLevel* find_tcb_level(const TcbInfo& info, const PckFacts& pck, const Svns* tee_tcb_svn);
const IsvLevel* find_isv_level(const std::vector<IsvLevel>& levels, std::uint16_t isv_svn);
// The module that a TDX SVN is of, "TDX_01"; version 0 is info.module. nullptr when not listed.
const TdxModule* find_module(const TcbInfo& info, const Svns& tee_tcb_svn);

// The worst of both, and the advisories of both.
TcbOutcome converge(const TcbOutcome& a, const TcbOutcome& b);

}  // namespace gbx::attest
