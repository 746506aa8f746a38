"""Runs a VM image in QEMU with a software TPM: the machine that ./dev vm --run and tests start.

Nothing here is trusted: whoever runs this owns the TPM's state and the machine's memory. It ends
when the machine switches itself off, and takes the TPM along.
"""

import argparse
import os
import pathlib
import re
import signal
import socket as connection
import subprocess
import sys
import tempfile
import time

FIRMWARE = (pathlib.Path(__file__).resolve().parent.parent /
            "deps/vm/usr/share/OVMF/OVMF_CODE_4M.fd")
QEMU = "qemu-system-x86_64"
PROBE_SECONDS = 10
BOOT_SECONDS = 300  # emulated, on a busy machine


def machine(accelerator, memory=2048, processors=2):
    """What every start has, so that the firmware measures the same."""
    return [QEMU, "-machine", f"q35,accel={accelerator}", "-cpu",
            "host" if accelerator == "kvm" else "max", "-smp", str(processors), "-m", str(memory),
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-monitor", "none",
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}"]


def kvm_works():
    """Whether the firmware comes up on KVM: some machines have /dev/kvm and cannot run it."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with tempfile.TemporaryDirectory() as folder:
        serial = pathlib.Path(folder) / "serial"
        probe = subprocess.Popen([*machine("kvm", 512, 1), "-serial", f"file:{serial}"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + PROBE_SECONDS
            while probe.poll() is None and time.monotonic() < end:
                if serial.exists() and serial.stat().st_size > 0:
                    return True
                time.sleep(0.05)
            return False
        finally:
            probe.kill()
            probe.wait()


class Machine:
    """One start of an image. `socket` is where gloveboxd finds its room; the machine waits for it.
    """

    def __init__(self, image, tpm, socket, accelerator, more=()):
        self.processes = []
        self.folder = tempfile.TemporaryDirectory(prefix="glovebox-vm-")
        self.serial = pathlib.Path(self.folder.name) / "serial"
        control = pathlib.Path(self.folder.name) / "tpm"
        try:
            self.start(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={tpm}", "--ctrl",
                        f"type=unixio,path={control}", "--terminate"])
            self.wait_for(control)
            self.start([*machine(accelerator), "-kernel", str(image),
                        "-serial", f"file:{self.serial}",
                        "-chardev", f"socket,id=tpm,path={control}",
                        "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0",
                        "-device", "virtio-serial-pci",
                        "-chardev", f"socket,id=room,path={socket},server=on,wait=on",
                        "-device", "virtserialport,chardev=room,name=glovebox.room", *more])
            self.wait_for(pathlib.Path(socket))
        except BaseException:
            self.stop()
            raise

    def start(self, command):
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    def wait_for(self, path):
        end = time.monotonic() + 10
        while not path.exists():
            if self.processes[-1].poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{self.processes[-1].args[0]} does not start")
            time.sleep(0.01)

    def wait(self):
        """Until the machine is off."""
        self.processes[-1].wait()

    def said(self):
        return self.serial.read_text(errors="replace") if self.serial.exists() else ""

    def registers(self, socket):
        """What the TPM held when init came up, as the machine itself prints it: for a machine of
        one's own. The room is not started."""
        with connection.socket(connection.AF_UNIX) as line:
            line.connect(str(socket))
            end = time.monotonic() + BOOT_SECONDS
            while "PCR 15=" not in self.said():
                if self.processes[-1].poll() is not None or time.monotonic() > end:
                    raise SystemExit("the machine does not come up:\n" + self.said())
                time.sleep(0.1)
        return {int(index): value.lower()
                for index, value in re.findall(r"PCR (\d+)=([0-9A-F]{64})", self.said())}

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()
        self.processes = []
        self.folder.cleanup()


def main():
    parser = argparse.ArgumentParser(description="Runs a VM image in QEMU with a software TPM.")
    parser.add_argument("--image", required=True, help="from ./dev vm")
    parser.add_argument("--tpm", required=True, help="the folder of the TPM's state")
    parser.add_argument("--socket", required=True, help="for gloveboxd --room-socket")
    parser.add_argument("--registers", action="store_true",
                        help="print what the start leaves in the TPM's registers, and end")
    parser.add_argument("--accelerator", choices=("kvm", "tcg"),
                        help="kvm, or tcg, which emulates; otherwise kvm where it works")
    options = parser.parse_args()
    accelerator = options.accelerator or ("kvm" if kvm_works() else "tcg")
    print(f"the machine waits for gloveboxd --room-socket {options.socket} ({accelerator})",
          file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    running = Machine(options.image, options.tpm, options.socket, accelerator)
    try:
        if options.registers:
            for index, value in running.registers(options.socket).items():
                print(f"{index}={value}")
        else:
            running.wait()
            print(running.said(), file=sys.stderr)
    except KeyboardInterrupt:
        pass
    finally:
        running.stop()
        pathlib.Path(options.socket).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
