#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace gbx::prepare {

// A queue of at most `room` things between threads. close() ends it: what is inside can still be
// taken, nothing more gets in.
template <typename T>
class Queue {
 public:
  explicit Queue(std::size_t room) : room_(room) {}

  // Waits for room; false when the queue is closed.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || items_.size() < room_; });
    if (closed_) return false;
    items_.push_back(std::move(value));
    changed_.notify_all();
    return true;
  }

  // Waits for a thing; nullopt when the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    T value = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return value;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  std::size_t room_;
  bool closed_ = false;
};

}  // namespace gbx::prepare
