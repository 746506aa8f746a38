// glovebox-room: one room on one socket. The host starts it with the room's end as descriptor 3, on
// a machine with evidence the line to its attester as descriptor 4, and no environment; after a
// measured start, `glovebox-room --launched`, its image comes as descriptors, too (sealed_image.h).
// `glovebox-room --measure` prints the image manifest instead.

#include <fcntl.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>
#include <thread>

#include "attest/sim.h"
#include "enclave/attester_line.h"
#include "enclave/file_source.h"
#include "enclave/harden.h"
#include "enclave/sealed_image.h"
#include "enclave/session.h"
#include "enclave/worker_pool.h"
#include "trusted/crypto/entropy.h"

namespace gbx::enclave {
namespace {

constexpr int kHostDescriptor = 3;
constexpr int kAttesterDescriptor = 4;
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
      tables.push_back({dataset.manifest, dataset.key, dataset.marks, file->descriptor()});
    }
    return pool_->run(task, tables);
  }

  WorkerPool* pool_;
};

// What runs: its digest, and how workers are started from it.
struct Image {
  Hash digest{};
  WorkerProgram worker;
};

// From the folder of the room. A loader and libraries that lie beside the worker are used, no
// others.
Result<Image> image_on_disk() {
  GBX_TRY_ASSIGN(const ImageFiles files, find_image_files());
  GBX_TRY_ASSIGN(const Json manifest, image_manifest(files));
  Image out{image_digest(manifest), {files.worker.string(), {}}};
  const std::filesystem::path folder = files.worker.parent_path();
  if (!files.libraries.empty() && files.libraries.front().filename() == kLoaderName) {
    out.worker = {files.libraries.front().string(),
                  {"--inhibit-cache", "--library-path", folder.string(), files.worker.string()}};
  }
  return out;
}

// From sealed memory: the loader, the worker, and every library by its descriptor. An image without
// a loader of its own was started with the system's libraries, on purpose.
Result<Image> image_in_memory() {
  GBX_TRY_ASSIGN(const InheritedImage inherited, inherited_image());
  std::string loader = std::string("/lib64/") + kLoaderName;
  std::string worker;
  std::string libraries;
  int next = kImageDescriptor;
  for (const std::string& name : inherited.names) {
    const std::string path = "/proc/self/fd/" + std::to_string(next++);
    if (name == kRoomName) continue;
    if (name == kLoaderName) {
      loader = path;
    } else if (name == kWorkerName) {
      worker = path;
    } else {
      libraries += (libraries.empty() ? "" : ":") + path;
    }
  }
  if (worker.empty()) return Error{ErrorCode::unavailable, "image_incomplete"};
  return Image{inherited.digest,
               {loader, {"--inhibit-cache", "--preload", libraries, worker}, next}};
}

// Everything behind the seams of one room.
class Machine final : public RoomMaker {
 public:
  Machine(Image image, Channel& host, Descriptor attester)
      : image_(std::move(image)), attester_(std::move(attester)), store_(host) {}

  Result<std::unique_ptr<room::Room>> make(policy::VerifiedPolicy policy) noexcept override {
    const policy::Limits& limits = policy.policy().limits;
    const WorkerLimits worker{.threads = std::max(1U, std::thread::hardware_concurrency()),
                              .memory_bytes = limits.memory_mib << 20,
                              .seconds = limits.seconds};
    GBX_TRY_ASSIGN(const attest::Platform platform, take_quoter(policy.hash()));
    GBX_TRY_ASSIGN(pool_, WorkerPool::start(image_.worker, worker));
    GBX_TRY(forbid_opening());
    engine_.emplace(*pool_);
    return room::Room::boot(std::move(policy), {image_.digest, platform},
                            {&entropy_, &store_, &clock_, quoter_.get(), pool_.get(), &*engine_});
  }

  std::shared_ptr<const snapshot::BlockSource> source(Descriptor descriptor) noexcept override {
    return FileSource::adopt(std::move(descriptor));
  }

 private:
  // The machine's attester where there is one. What it says is for others to verify: a room that is
  // lied to about its platform is believed by nobody.
  Result<attest::Platform> take_quoter(const Hash& policy_hash) {
    if (!attester_.valid()) {
#if defined(GBX_SIM)
      quoter_ = std::make_unique<attest::SimQuoter>(image_.digest, policy_hash);
      return attest::Platform::sim;
#else
      static_cast<void>(policy_hash);
      return Error{ErrorCode::unavailable, "attester_missing"};
#endif
    }
    GBX_TRY_ASSIGN(AttesterQuoter quoter, AttesterQuoter::meet(std::move(attester_)));
    const auto platform = attest::platform_from(quoter.platform());
    if (!platform) return Error{ErrorCode::unavailable, "attester_malformed"};
    quoter_ = std::make_unique<AttesterQuoter>(std::move(quoter));
    return *platform;
  }

  Image image_;
  Descriptor attester_;
  crypto::SystemEntropy entropy_;
  SystemClock clock_;
  HostStore store_;
  std::unique_ptr<WorkerPool> pool_;
  std::optional<WorkerEngine> engine_;
  std::unique_ptr<Quoter> quoter_;
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

// Before anything else is opened, which could get its number.
Descriptor inherited_attester() {
  if (::fcntl(kAttesterDescriptor, F_SETFD, FD_CLOEXEC) != 0) return {};
  return Descriptor(kAttesterDescriptor);
}

int measure() {
  const auto files = find_image_files();
  if (!files) return fail(files.error());
  const auto manifest = image_manifest(*files);
  if (!manifest) return fail(manifest.error());
  std::printf("%s\n", manifest->canonical().c_str());
  return 0;
}

int run(bool launched) {
  Descriptor attester = inherited_attester();
  forbid_dumps();
  std::signal(SIGPIPE, SIG_IGN);
  auto image = launched ? image_in_memory() : image_on_disk();
  if (!image) return fail(image.error());
  Channel host{Descriptor(kHostDescriptor)};
  Machine machine(std::move(*image), host, std::move(attester));
  return serve(host, machine);
}

}  // namespace
}  // namespace gbx::enclave

int main(int argc, char** argv) {
  const std::string_view word = argc == 2 ? argv[1] : "";
  if (word == "--measure") return gbx::enclave::measure();
  if (argc != 1 && word != "--launched") {
    std::fprintf(stderr, "usage: glovebox-room [--measure]; gloveboxd starts it\n");
    return 2;
  }
  return gbx::enclave::run(!word.empty());
}
