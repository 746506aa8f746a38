#pragma once

// What the first process of the VM does to the kernel that has started it. Its only input is the
// image, which is measured, and the devices, which the host makes up: a device that is missing or
// lies ends the start. Nothing here is thread-safe.

#include "enclave/channel.h"

namespace gbx::vm {

// /proc, /sys with securityfs (the firmware's event log), /dev, and /sealed, a tmpfs of at most
// half of the memory. Fails with unavailable (vm_mount_failed).
Status mount_all();

// Loads every file of /modules, by name; then no other can be, and the kernel cannot be replaced.
// Fails with unavailable (vm_modules_failed).
Status load_modules();

// Prints the TPM's registers 0 to 15 on the console, bank sha256: what has been measured before us.
// Whoever starts the machine can read them anyway, and in a start of its own believes them.
void print_registers();

// The virtio-serial port of this name, once the host has connected to its end. Fails with
// unavailable (vm_port_missing) when that is not so within half a minute.
Result<enclave::Descriptor> open_port(const char* name);

// Switches the machine off, whatever runs.
[[noreturn]] void power_off();

}  // namespace gbx::vm
