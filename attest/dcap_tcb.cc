#include "attest/dcap_tcb.h"

#include <algorithm>

namespace gbx::attest {
namespace {

// A status as what is wrong: the worst of two is the sum of both.
struct Faults {
  bool revoked = false;
  bool out_of_date = false;
  bool configuration = false;
  bool hardening = false;
};

Faults faults_of(TcbStatus status) {
  switch (status) {
    case TcbStatus::up_to_date: return {};
    case TcbStatus::sw_hardening_needed: return {.hardening = true};
    case TcbStatus::configuration_needed: return {.configuration = true};
    case TcbStatus::configuration_and_sw_hardening_needed:
      return {.configuration = true, .hardening = true};
    case TcbStatus::out_of_date: return {.out_of_date = true};
    case TcbStatus::out_of_date_configuration_needed:
      return {.out_of_date = true, .configuration = true};
    case TcbStatus::revoked: return {.revoked = true};
  }
  GBX_CHECK(false);
}

TcbStatus status_of(const Faults& faults) {
  if (faults.revoked) return TcbStatus::revoked;
  if (faults.out_of_date) {
    return faults.configuration ? TcbStatus::out_of_date_configuration_needed
                                : TcbStatus::out_of_date;
  }
  if (faults.configuration) {
    return faults.hardening ? TcbStatus::configuration_and_sw_hardening_needed
                            : TcbStatus::configuration_needed;
  }
  return faults.hardening ? TcbStatus::sw_hardening_needed : TcbStatus::up_to_date;
}

bool reaches(const Svns& has, const Svns& needs, std::size_t from) {
  for (std::size_t i = from; i < has.size(); i++) {
    if (has[i] < needs[i]) return false;
  }
  return true;
}

constexpr char kHexDigits[] = "0123456789ABCDEF";

}  // namespace

const TcbLevel* find_tcb_level(const TcbInfo& info, const PckFacts& pck, const Svns* tee_tcb_svn) {
  // A module with a version has an identity, and levels, of its own: its two SVNs are not compared.
  const std::size_t from = tee_tcb_svn != nullptr && (*tee_tcb_svn)[1] > 0 ? 2 : 0;
  for (const TcbLevel& level : info.levels) {
    if (!reaches(pck.component_svns, level.sgx, 0) || pck.pce_svn < level.pce_svn) continue;
    if (tee_tcb_svn == nullptr || reaches(*tee_tcb_svn, level.tdx, from)) return &level;
  }
  return nullptr;
}

const IsvLevel* find_isv_level(const std::vector<IsvLevel>& levels, std::uint16_t isv_svn) {
  const auto found = std::find_if(levels.begin(), levels.end(),
                                  [&](const IsvLevel& level) { return isv_svn >= level.isv_svn; });
  return found == levels.end() ? nullptr : &*found;
}

const TdxModule* find_module(const TcbInfo& info, const Svns& tee_tcb_svn) {
  const std::uint8_t version = tee_tcb_svn[1];
  if (version == 0) return info.module ? &*info.module : nullptr;
  std::string id = "TDX_";
  id += kHexDigits[version >> 4U];
  id += kHexDigits[version & 15U];
  const auto found = std::find_if(info.modules.begin(), info.modules.end(),
                                  [&](const TdxModule& module) { return module.id == id; });
  return found == info.modules.end() ? nullptr : &*found;
}

TcbOutcome converge(const TcbOutcome& a, const TcbOutcome& b) {
  const Faults first = faults_of(a.status);
  const Faults second = faults_of(b.status);
  TcbOutcome out;
  out.status = status_of({.revoked = first.revoked || second.revoked,
                          .out_of_date = first.out_of_date || second.out_of_date,
                          .configuration = first.configuration || second.configuration,
                          .hardening = first.hardening || second.hardening});
  out.advisories = a.advisories;
  for (const std::string& advisory : b.advisories) {
    if (std::find(out.advisories.begin(), out.advisories.end(), advisory) == out.advisories.end()) {
      out.advisories.push_back(advisory);
    }
  }
  return out;
}

}  // namespace gbx::attest
