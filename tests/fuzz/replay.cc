// Runs a fuzz target without libFuzzer: every file of the corpus, then a fixed number of mutations
// of each, under a fixed seed. So every ordinary test run, with any compiler, exercises the targets
// and the corpus stays alive.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;
constexpr int kMutationsEach = 2000;
constexpr auto kTimeMax = std::chrono::seconds(5);

Input mutate(const Input& from, std::mt19937_64& random) {
  Input out = from;
  const auto at = [&] { return out.empty() ? 0 : random() % out.size(); };
  for (std::uint64_t i = random() % 4 + 1; i > 0; i--) {
    switch (random() % 4) {
      case 0:
        if (!out.empty()) out[at()] = static_cast<std::uint8_t>(out[at()] ^ (1U << random() % 8));
        break;
      case 1:
        if (!out.empty()) out[at()] = static_cast<std::uint8_t>(random());
        break;
      case 2:
        out.insert(out.begin() + static_cast<std::ptrdiff_t>(at()),
                   static_cast<std::uint8_t>(random()));
        break;
      default: out.resize(at()); break;
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Input> corpus(1);
  if (argc > 1 && std::filesystem::is_directory(argv[1])) {
    for (const auto& file : std::filesystem::directory_iterator(argv[1])) {
      std::ifstream in(file.path(), std::ios::binary);
      corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
  }
  for (const Input& input : corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): a fixed seed is the point
  const auto stop = std::chrono::steady_clock::now() + kTimeMax;
  std::size_t runs = corpus.size();
  for (int round = 0; round < kMutationsEach && std::chrono::steady_clock::now() < stop; round++) {
    for (const Input& input : corpus) {
      const Input mutated = mutate(input, random);
      LLVMFuzzerTestOneInput(mutated.data(), mutated.size());
      runs++;
    }
  }
  std::printf("%zu inputs, none broke an invariant\n", runs);
  return 0;
}
