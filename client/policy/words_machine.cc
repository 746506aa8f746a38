#include "client/policy/wording.h"

namespace gbx::client::words {
namespace {

// What the programs that prepare a machine for a room say when they end.
constexpr Wording kWords[] = {
    {"attachment_unreadable",
     "a file that --chain or --collateral of glovebox-attester names cannot be read, "
     "or is too large",
     "check its path and permissions"},
    {"filter_refused", "the kernel took no system-call filter for the room, so it was not started",
     "start it on a kernel with seccomp filters"},
    {"namespaces_refused", "the system gives no namespaces for the room, so it was not started",
     "allow user namespaces; or, knowing what is lost, gloveboxd --no-namespaces"},
    {"privileges_kept", "the room could not give up every privilege, so it was not started",
     "start gloveboxd as root, or as a user without capabilities"},
    {"root_refused", "the room got no file system of its own, so it was not started",
     "allow mounts in user namespaces; or, knowing what is lost, gloveboxd "
     "--no-namespaces"},
    {"tpm_failed", "the TPM refused a command",
     "look at the TPM; a key or certificate in it may not be what the options say"},
    {"tpm_key_missing", "the TPM has no attestation key that Google certifies",
     "leave --key out, and have the members enrol the machine's own key"},
    {"tpm_unknown", "this names no TPM", "write device:/dev/tpmrm0 or swtpm:HOST:PORT"},
    {"tpm_unreachable", "the TPM does not answer", "check that it is there, and who may open it"},
    {"tsm_disturbed", "another program used the same entry of configfs-tsm at the same time",
     "start one attester for each room"},
    {"tsm_failed", "the kernel gave no report through configfs-tsm",
     "look at the kernel's messages"},
    {"tsm_missing", "this machine has no configfs-tsm",
     "mount configfs on /sys/kernel/config, in a confidential VM with Linux 6.7 or "
     "later"},
    {"tsm_provider_unknown", "configfs-tsm gives reports of a platform that is not known",
     "update Glovebox"},
    {"vm_modules_failed",
     "the machine could not load its drivers or lock them up, and switched itself off",
     "start it as vm/run.py does"},
    {"vm_mount_failed", "the machine could not mount what it needs, and switched itself off",
     "start it as vm/run.py does, with enough memory"},
    {"vm_port_missing",
     "no host came to the machine's port glovebox.room within half a minute, and it "
     "switched itself off",
     "start it as vm/run.py does, then gloveboxd --room-socket"},
};

}  // namespace

std::span<const Wording> of_machine() { return kWords; }

}  // namespace gbx::client::words
