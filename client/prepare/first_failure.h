#pragma once

// How a failure of one of several threads gets to the caller. Nothing of it comes from outside.

#include <exception>
#include <mutex>

namespace gbx::prepare {

// The first exception of several threads. guard() is thread-safe; rethrow() when they are done.
class FirstFailure {
 public:
  // Runs `work`; keeps what it throws and calls `stop`.
  template <typename Work, typename Stop>
  void guard(Work work, Stop stop) {
    try {
      work();
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        if (!first_) first_ = std::current_exception();
      }
      stop();
    }
  }
  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

}  // namespace gbx::prepare
