#include "enclave/sealed_image.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "trusted/crypto/hash.h"

namespace gbx::enclave {
namespace {

namespace fs = std::filesystem;

// An image of three small files.
class Sealed : public testing::Test {
 public:
  Sealed(const Sealed&) = delete;
  Sealed& operator=(const Sealed&) = delete;
  Sealed(Sealed&&) = delete;
  Sealed& operator=(Sealed&&) = delete;

 protected:
  Sealed() {
    std::string pattern = "/tmp/gbx-image-XXXXXX";
    GBX_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    for (const char* name : {kRoomName, kWorkerName, kEngineName}) {
      std::ofstream(folder_ / name) << "the " << name;
    }
  }
  ~Sealed() override { fs::remove_all(folder_); }

  [[nodiscard]] ImageFiles files() const { return image_files_of(folder_ / kRoomName).value(); }

  // What inherited_image() says in a process whose descriptors `prepare` has put in place: the
  // reason, or the digest in hex.
  static std::string inherited(const std::function<void()>& prepare) {
    std::array<int, 2> pipe{};
    GBX_CHECK(::pipe2(pipe.data(), O_CLOEXEC) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const int out = ::fcntl(pipe[1], F_DUPFD, 100);
      prepare();
      const auto image = inherited_image();
      const std::string said =
          image ? to_hex(image->digest) : std::string(image.error().reason.view());
      ::_exit(::write(out, said.data(), said.size()) > 0 ? 0 : 1);
    }
    ::close(pipe[1]);
    std::array<char, 128> text{};
    const ssize_t size = ::read(pipe[0], text.data(), text.size());
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  static void hand_over(const SealedImage& image) {
    std::vector<int> high{::fcntl(image.manifest_file.get(), F_DUPFD, 64)};
    for (const Descriptor& file : image.files) high.push_back(::fcntl(file.get(), F_DUPFD, 64));
    int next = kManifestDescriptor;
    for (const int descriptor : high) ::dup2(descriptor, next++);
  }

  fs::path folder_;
};

std::string text_of(const Descriptor& file) {
  std::string out(4096, ' ');
  const ssize_t size = ::pread(file.get(), out.data(), out.size(), 0);
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return out;
}

TEST_F(Sealed, IsTheSameManifestAsThatOfTheFiles) {
  const SealedImage image = seal_image(files()).value();
  EXPECT_EQ(image.manifest.canonical(), image_manifest(files()).value().canonical());
  EXPECT_EQ(text_of(image.manifest_file), image.manifest.canonical());
  ASSERT_EQ(image.files.size(), 3U);
  EXPECT_EQ(text_of(image.files[0]), "the glovebox-room");
  EXPECT_EQ(text_of(image.files[2]), "the libduckdb.so");
}

TEST_F(Sealed, NobodyWritesToItAnyMore) {
  const SealedImage image = seal_image(files()).value();
  for (const Descriptor* file : {&image.manifest_file, &image.files[0], &image.files[2]}) {
    EXPECT_EQ(::pwrite(file->get(), "x", 1, 0), -1);
    EXPECT_EQ(::ftruncate(file->get(), 1), -1);
    EXPECT_EQ(::ftruncate(file->get(), 1'000'000), -1);
    EXPECT_EQ(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0), MAP_FAILED);
    EXPECT_EQ(::fcntl(file->get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
  }
  std::ofstream(folder_ / kRoomName) << "something else";
  EXPECT_EQ(text_of(image.files[0]), "the glovebox-room");
}

TEST_F(Sealed, EveryFileMustBeThereAndHoldSomething) {
  const ImageFiles image = files();
  fs::remove(folder_ / kWorkerName);
  EXPECT_EQ(seal_image(image).error().reason.view(), "image_unreadable");
  std::ofstream(folder_ / kWorkerName).close();
  EXPECT_EQ(seal_image(image).error().reason.view(), "image_unreadable");
}

TEST_F(Sealed, ARoomTakesWhatItWasHanded) {
  const SealedImage image = seal_image(files()).value();
  const std::string digest = to_hex(image_digest(image.manifest));
  EXPECT_EQ(inherited([&] { hand_over(image); }), digest);
}

TEST_F(Sealed, ARoomTakesNothingThatCouldChange) {
  const SealedImage image = seal_image(files()).value();
  for (const int which : {kManifestDescriptor, kImageDescriptor, kImageDescriptor + 2}) {
    const auto prepare = [&] {
      hand_over(image);
      const int open = ::memfd_create("open", MFD_ALLOW_SEALING);
      ::dup2(open, which);
    };
    EXPECT_EQ(inherited(prepare), "image_not_sealed") << which;
    const auto absent = [&] {
      hand_over(image);
      ::close(which);
    };
    EXPECT_EQ(inherited(absent), "image_not_sealed") << which;
  }
}

TEST_F(Sealed, ARoomTakesNoManifestThatItCannotRead) {
  const SealedImage image = seal_image(files()).value();
  const auto with = [&](std::string_view text) {
    return inherited([&] {
      hand_over(image);
      const int other = ::memfd_create("other", MFD_ALLOW_SEALING);
      if (::pwrite(other, text.data(), text.size(), 0) < 0) ::_exit(1);
      ::fcntl(other, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
      ::dup2(other, kManifestDescriptor);
    });
  };
  EXPECT_EQ(with(""), "image_unreadable");
  EXPECT_EQ(with(R"({"files":[],"format":1})"), "image_manifest_malformed");
  EXPECT_EQ(with(image.manifest.canonical() + " ").substr(0, 4), "json");
}

}  // namespace
}  // namespace gbx::enclave
