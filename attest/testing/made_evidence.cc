#include "attest/testing/made_evidence.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <thread>

namespace gbx::attest::testing {
namespace {

// Every `stride`-th bit from `first` on.
std::vector<std::size_t> flip_some(MadeEvidence bad, Bytes MadeEvidence::* part, std::size_t first,
                                   std::size_t stride) {
  std::vector<std::size_t> out;
  Bytes& bytes = bad.*part;
  for (std::size_t bit = first; bit < bytes.size() * 8; bit += stride) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    if (bad.verdict().ok()) out.push_back(bit);
    bytes[bit / 8] ^= mask;
  }
  return out;
}

}  // namespace

std::vector<std::size_t> surviving_flips(const MadeEvidence& made, Bytes MadeEvidence::* part,
                                         std::size_t stride) {
  const std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::vector<std::size_t>> found(threads);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; i++) {
    running.emplace_back(
        [&, i] { found[i] = flip_some(made, part, i * stride, threads * stride); });
  }
  for (std::thread& one : running) one.join();
  std::vector<std::size_t> out;
  for (const auto& some : found) out.insert(out.end(), some.begin(), some.end());
  std::sort(out.begin(), out.end());
  return out;
}

double quickest_ms(const MadeEvidence& made) {
  constexpr int kRounds = 20;
  std::clock_t best = std::numeric_limits<std::clock_t>::max();
  for (int i = 0; i < kRounds; i++) {
    const std::clock_t begin = std::clock();
    GBX_CHECK(made.verdict().ok());
    best = std::min(best, std::clock() - begin);
  }
  return 1000.0 * static_cast<double>(best) / CLOCKS_PER_SEC;
}

std::optional<Bytes> read_vector(const std::string& name) {
  std::ifstream in(std::string(GBX_SOURCE_DIR "/../shared/vectors/") + name, std::ios::binary);
  if (!in) return std::nullopt;
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::string reasons_of(const Verdict& verdict) {
  std::string out;
  for (const Literal reason : verdict.reasons()) {
    out += (out.empty() ? "" : " ") + std::string(reason.view());
  }
  return out;
}

}  // namespace gbx::attest::testing
