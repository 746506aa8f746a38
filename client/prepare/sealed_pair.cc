#include "client/prepare/sealed_pair.h"

#include "client/prepare/failure.h"

namespace gbx::prepare {
namespace {

constexpr unsigned kPrivateMode = 0600;

void check_file(const client::AtomicFile& file) {
  if (file.status()) return;
  throw Failure("cannot write " + file.path().string() + ": " + file.why());
}

}  // namespace

SealedPair::SealedPair(const std::string& path) : stream_(path, kPrivateMode) { check(); }

void SealedPair::check() const { check_file(stream_); }

void SealedPair::add_manifest(const std::string& text) {
  static_cast<void>(stream_.sync());
  check();
  manifest_.emplace(stream_.path().string() + ".json", kPrivateMode);
  static_cast<void>(manifest_->write(as_bytes(text)));
  static_cast<void>(manifest_->sync());
  check_file(*manifest_);
}

void SealedPair::publish(const std::function<void(std::uint64_t)>& step) {
  step(0);
  step(1);
  if (!client::remove_file(manifest_->path())) {
    throw Failure("cannot replace " + manifest_->path().string() +
                  ": this folder does not let it be removed");
  }
  step(2);
  static_cast<void>(stream_.publish());
  check();
  step(3);
  static_cast<void>(manifest_->publish());
  check_file(*manifest_);
  step(kSteps);
}

void write_whole(const std::string& path, const std::string& text) {
  client::AtomicFile file(path, kPrivateMode);
  if (file.write(as_bytes(text))) static_cast<void>(file.publish());
  check_file(file);
}

}  // namespace gbx::prepare
