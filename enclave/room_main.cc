// glovebox-room: one room on one socket. The host starts it with the room's end as descriptor 3 and
// no environment; `glovebox-room --measure` prints the image manifest instead.

#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <thread>

#include "attest/sim.h"
#include "enclave/file_source.h"
#include "enclave/harden.h"
#include "enclave/image.h"
#include "enclave/session.h"
#include "enclave/worker_pool.h"
#include "trusted/crypto/entropy.h"

namespace gbx::enclave {
namespace {

constexpr int kHostDescriptor = 3;
constexpr Channel::Milliseconds kFramePatience{60'000};  // for the rest of a frame that has begun

class SystemClock final : public Clock {
 public:
  std::int64_t now_seconds() noexcept override { return std::time(nullptr); }
};

// The ledger behind the line: an entry counts when the host says that it is on disk.
class HostStore final : public Store {
 public:
  explicit HostStore(Channel& host) : host_(&host) {}
  Status append(ByteView entry) noexcept override {
    const Error failed{ErrorCode::unavailable, "store_failed"};
    if (entry.size() > payload_bytes_max(Call::append)) return failed;
    if (!host_->send(Call::append, entry, -1, kFramePatience)) return failed;
    const auto reply = host_->receive(kFramePatience, kFramePatience);
    if (!reply || reply->frame.call != Call::appended) return failed;
    if (reply->frame.payload != Bytes{1}) return failed;
    return {};
  }

 private:
  Channel* host_;
};

// Runs tasks in workers, over the sealed files that the host handed in.
class WorkerEngine final : public room::Engine {
 public:
  explicit WorkerEngine(WorkerPool& pool) : pool_(&pool) {}

 private:
  Result<std::vector<sql::GroupRow>> compute(
      const sql::Task& task, std::span<const room::Dataset> datasets) noexcept override {
    std::vector<SealedTable> tables;
    for (const room::Dataset& dataset : datasets) {
      const auto* file = dynamic_cast<const FileSource*>(dataset.sealed);
      GBX_CHECK(file != nullptr);  // this program attaches nothing else
      tables.push_back({dataset.manifest, dataset.key, dataset.leaves, file->descriptor()});
    }
    return pool_->run(task, tables);
  }

  WorkerPool* pool_;
};

// Everything behind the seams of one room.
class Machine final : public RoomMaker {
 public:
  Machine(const ImageFiles& image, const Hash& digest, Channel& host)
      : image_(image), digest_(digest), store_(host) {}

  Result<std::unique_ptr<room::Room>> make(policy::VerifiedPolicy policy) noexcept override {
    const policy::Limits& limits = policy.policy().limits;
    const WorkerLimits worker{.threads = std::max(1U, std::thread::hardware_concurrency()),
                              .memory_bytes = limits.memory_mib << 20,
                              .seconds = limits.seconds};
    GBX_TRY_ASSIGN(pool_, WorkerPool::start(image_.worker.string(), worker));
    GBX_TRY(forbid_opening());
    engine_.emplace(*pool_);
    quoter_.emplace(digest_, policy.hash());
    return room::Room::boot(std::move(policy), {digest_, attest::Platform::sim},
                            {&entropy_, &store_, &clock_, &*quoter_, pool_.get(), &*engine_});
  }

  std::shared_ptr<const snapshot::BlockSource> source(Descriptor descriptor) noexcept override {
    return FileSource::adopt(std::move(descriptor));
  }

 private:
  ImageFiles image_;
  Hash digest_;
  crypto::SystemEntropy entropy_;
  SystemClock clock_;
  HostStore store_;
  std::unique_ptr<WorkerPool> pool_;
  std::optional<WorkerEngine> engine_;
  std::optional<attest::SimQuoter> quoter_;
};

// Until the host hangs up, breaks the protocol, or the room is closed.
int serve(Channel& host, RoomMaker& maker) {
  Session session(maker);
  while (!session.over()) {
    auto received = host.receive(Channel::kForever, kFramePatience);
    if (!received) return received.error().reason == Literal("channel_closed") ? 0 : 1;
    const Frame answer = session.handle(std::move(*received));
    if (!host.send(answer.call, answer.payload, -1, kFramePatience)) return 1;
  }
  return 0;
}

int fail(const Error& error) {
  std::fprintf(stderr, "glovebox-room: %s\n", std::string(error.reason.view()).c_str());
  return 1;
}

int run(bool measure) {
  forbid_dumps();
  std::signal(SIGPIPE, SIG_IGN);
  const auto files = find_image_files();
  if (!files) return fail(files.error());
  const auto manifest = image_manifest(*files);
  if (!manifest) return fail(manifest.error());
  if (measure) {
    std::printf("%s\n", manifest->canonical().c_str());
    return 0;
  }
  Channel host{Descriptor(kHostDescriptor)};
  Machine machine(*files, image_digest(*manifest), host);
  return serve(host, machine);
}

}  // namespace
}  // namespace gbx::enclave

int main(int argc, char** argv) {
  const bool measure = argc == 2 && std::strcmp(argv[1], "--measure") == 0;
  if (argc != 1 && !measure) {
    std::fprintf(stderr, "usage: glovebox-room [--measure]; gloveboxd starts it\n");
    return 2;
  }
  return gbx::enclave::run(measure);
}
