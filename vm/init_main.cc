// glovebox-init: the first process of the VM; with launcher and attester the only ones beside the
// room. It prepares the kernel, starts them and relays the host's frames to the room, which the
// launcher measures and puts into its cage as on any machine; when that ends, the machine is
// switched off. It takes no options: what it does is in the image, which is measured.

#include <csignal>
#include <cstdio>

#include "host/room_process.h"
#include "vm/machine.h"
#include "vm/relay.h"

namespace gbx::vm {
namespace {

constexpr const char* kPort = "glovebox.room";
constexpr const char* kRoom = "/glovebox/glovebox-room";
constexpr const char* kTpm = "device:/dev/tpmrm0";
constexpr const char* kLaunchLog = "/launch.log";
// Which registers are quoted: docs/reference/machines.md.
constexpr const char* kRegisters = "0,2,4,9,11,12,13,14";

Status run() {
  GBX_TRY(mount_all());
  GBX_TRY(load_modules());
  print_registers();
  GBX_TRY_ASSIGN(enclave::Descriptor port, open_port(kPort));
  host::RoomProcess attester({"/glovebox/glovebox-attester", "tpm", "--tpm", kTpm, "--key", "own",
                              "--firmware-log",
                              "/sys/kernel/security/tpm0/binary_bios_measurements", "--launch-log",
                              kLaunchLog, "--pcr", kRegisters});
  // The system's libraries are the image's, measured like all of it.
  host::RoomProcess room({"/glovebox/glovebox-launch", "--tpm", kTpm, "--log", kLaunchLog,
                          "--system-libraries", kRoom},
                         attester.take_socket());
  enclave::Channel host(std::move(port));
  enclave::Channel line = room.take_channel();
  return relay(host, line, SealedFile("/sealed"));
}

}  // namespace
}  // namespace gbx::vm

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  const gbx::Status ended = gbx::vm::run();
  if (!ended) {
    std::fprintf(stderr, "glovebox-init: %s\n", std::string(ended.error().reason.view()).c_str());
  }
  gbx::vm::power_off();
}
