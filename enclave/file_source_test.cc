#include "enclave/file_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace gbx::enclave {
namespace {

Descriptor memory_file(std::string_view text) {
  Descriptor file(::memfd_create("sealed", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return file;
}

// The same file, opened anew.
Descriptor reopened(const Descriptor& file, int flags) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC));
}

TEST(FileSource, ReadsAFileThatIsOpenForReading) {
  const auto source = FileSource::adopt(reopened(memory_file("sealed"), O_RDONLY));
  ASSERT_NE(source, nullptr);
  std::array<std::uint8_t, 3> out{};
  EXPECT_TRUE(source->read(3, out));
  EXPECT_EQ(as_text(out), "led");
  EXPECT_FALSE(source->read(4, out));
}

TEST(FileSource, AFileThatCanBeWrittenIsRefused) {
  EXPECT_EQ(FileSource::adopt(memory_file("sealed")), nullptr);
  EXPECT_EQ(FileSource::adopt(reopened(memory_file("sealed"), O_WRONLY)), nullptr);
}

TEST(FileSource, WhatIsNoFileIsRefused) {
  EXPECT_EQ(FileSource::adopt(Descriptor()), nullptr);
  EXPECT_EQ(FileSource::adopt(Descriptor(::open("/dev/zero", O_RDONLY | O_CLOEXEC))), nullptr);
  EXPECT_EQ(FileSource::adopt(Descriptor(::open("/", O_RDONLY | O_CLOEXEC))), nullptr);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor other(ends[1]);
  EXPECT_EQ(FileSource::adopt(Descriptor(ends[0])), nullptr);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor peer(ends[1]);
  EXPECT_EQ(FileSource::adopt(Descriptor(ends[0])), nullptr);
}

TEST(FileSource, ANameWithoutRightsIsRefused) {
  EXPECT_EQ(FileSource::adopt(reopened(memory_file("sealed"), O_PATH)), nullptr);
}

}  // namespace
}  // namespace gbx::enclave
