#pragma once

// Threads that wait for work: a process that may start no threads later has its own from before.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gbx::engine {

class Crew {
 public:
  // `size` threads at work together, the caller of run() being one of them; 1..64.
  explicit Crew(std::uint32_t size);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  Crew(Crew&&) = delete;
  Crew& operator=(Crew&&) = delete;

  [[nodiscard]] std::uint32_t size() const { return size_; }
  // Calls work(0) .. work(size - 1), each on its own thread, and waits for all. `work` must not
  // throw. One run at a time.
  void run(const std::function<void(std::uint32_t)>& work);

 private:
  void serve(std::uint32_t number);

  std::uint32_t size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(std::uint32_t)>* work_ = nullptr;
  std::uint64_t round_ = 0;
  std::uint32_t busy_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace gbx::engine
