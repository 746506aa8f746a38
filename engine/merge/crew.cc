#include "engine/merge/crew.h"

#include <algorithm>

namespace gbx::engine {

Crew::Crew(std::uint32_t size) : size_(std::clamp<std::uint32_t>(size, 1, 64)) {
  for (std::uint32_t i = 1; i < size_; i++) threads_.emplace_back([this, i] { serve(i); });
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void Crew::run(const std::function<void(std::uint32_t)>& work) {
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    round_++;
    busy_ = size_ - 1;
  }
  changed_.notify_all();
  work(0);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return busy_ == 0; });
}

void Crew::serve(std::uint32_t number) {
  std::unique_lock lock(mutex_);
  for (std::uint64_t seen = 0;;) {
    changed_.wait(lock, [&] { return ending_ || round_ != seen; });
    if (ending_) return;
    seen = round_;
    const auto* work = work_;
    lock.unlock();
    (*work)(number);
    lock.lock();
    busy_--;
    changed_.notify_all();
  }
}

}  // namespace gbx::engine
