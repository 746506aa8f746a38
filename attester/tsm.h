#pragma once

// Evidence of a confidential VM by Linux's configfs-tsm (Documentation/ABI/testing/configfs-tsm,
// Linux 6.7): SEV-SNP reports and TDX quotes. Tested against a folder that behaves like it, never
// on such a machine. The kernel of the guest answers, which is attested itself; whatever it says
// wrong makes evidence that attest/ refuses.

#include <filesystem>
#include <functional>

#include "attest/evidence_bundle.h"

namespace gbx::attester {

constexpr const char* kTsmFolder = "/sys/kernel/config/tsm/report";

// How an entry of the folder is made: its files appear with it. Real ones by mkdir().
using MakeEntry = std::function<bool(const std::filesystem::path& entry)>;
bool make_tsm_entry(const std::filesystem::path& entry);

// A report over `binding` (64 bytes), and what the host gave along: certificates of SEV-SNP as
// chain. Fails with unavailable: tsm_missing (no such folder, or no entry to be had), tsm_failed,
// tsm_provider_unknown, tsm_disturbed (somebody else wrote into the same entry).
Result<attest::EvidenceBundle> tsm_report(const std::filesystem::path& folder, ByteView binding,
                                          const MakeEntry& make = make_tsm_entry);

}  // namespace gbx::attester
