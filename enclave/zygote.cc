#include "enclave/zygote.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "worker_failed"};
constexpr std::size_t kDescriptorsMax = kTablesMax + 1;

struct Packet {
  std::uint8_t byte = 0;
  std::vector<Descriptor> descriptors;
};

Status send_packet(int socket, std::uint8_t byte, std::span<const int> descriptors) {
  alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> control{};
  if (descriptors.size() > kDescriptorsMax) return kFailed;
  ::iovec piece{.iov_base = &byte, .iov_len = 1};
  ::msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    ::cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  for (;;) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent == 1) return {};
    if (sent >= 0 || errno != EINTR) return kFailed;
  }
}

Result<Packet> receive_packet(int socket) {
  alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> control{};
  Packet out;
  ::iovec piece{.iov_base = &out.byte, .iov_len = 1};
  ::msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got != 1) return kFailed;
  for (::cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; i++) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      out.descriptors.emplace_back(fd);
    }
  }
  if ((message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) return kFailed;
  return out;
}

std::optional<WorkerFiles> files_of(Packet packet) {
  const bool known = packet.byte >= static_cast<std::uint8_t>(JobKind::parse) &&
                     packet.byte <= static_cast<std::uint8_t>(JobKind::duckdb);
  if (!known || packet.descriptors.empty()) return std::nullopt;
  WorkerFiles files;
  files.kind = static_cast<JobKind>(packet.byte);
  files.socket = std::move(packet.descriptors[0]);
  for (std::size_t i = 1; i < packet.descriptors.size(); i++) {
    files.streams.push_back(std::move(packet.descriptors[i]));
  }
  return files;
}

}  // namespace

void run_zygote(Descriptor control, const WorkerSettings& settings,
                void (*work)(WorkerFiles files, const WorkerSettings& settings)) {
  if (!give_up_privileges()) return;
  // Children are reaped by the kernel; the room has their pidfds.
  ::signal(SIGCHLD, SIG_IGN);
  const int zygote = ::getpid();
  for (;;) {
    auto packet = receive_packet(control.get());
    if (!packet) return;
    std::optional<WorkerFiles> files = files_of(std::move(*packet));
    const pid_t child = files ? ::fork() : -1;
    if (child == 0) {
      control = Descriptor();
      if (limit_resources(settings.limits, zygote)) work(std::move(*files), settings);
      ::_exit(1);
    }
    // The child ends only after the room has heard of it: it waits for its job.
    const Descriptor process(child < 0 ? -1
                                       : static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    const int descriptor = process.get();
    const Status sent = process.valid() ? send_packet(control.get(), packet->byte, {&descriptor, 1})
                                        : send_packet(control.get(), 0, {});
    if (!sent) return;
  }
}

Result<Descriptor> request_worker(int control, JobKind kind, std::span<const int> descriptors) {
  GBX_TRY(send_packet(control, static_cast<std::uint8_t>(kind), descriptors));
  GBX_TRY_ASSIGN(Packet packet, receive_packet(control));
  if (packet.byte != static_cast<std::uint8_t>(kind) || packet.descriptors.size() != 1) {
    return kFailed;
  }
  return std::move(packet.descriptors[0]);
}

}  // namespace gbx::enclave
