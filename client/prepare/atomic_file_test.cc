#include "client/prepare/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(AtomicFile, HasNoNameBeforeItIsPublished) {
  const TestFolder folder;
  AtomicFile file(folder.path("a"));
  ASSERT_TRUE(file.write(to_bytes("hello")));
  file.sync();
  file.publish();
  EXPECT_THAT(folder.files(), ElementsAre("a"));
  EXPECT_EQ(folder.read("a"), "hello");
}

TEST(AtomicFile, LeavesNothingWhenItIsDropped) {
  const TestFolder folder;
  {
    AtomicFile file(folder.path("a"));
    ASSERT_TRUE(file.write(to_bytes("hello")));
  }
  EXPECT_THAT(folder.files(), IsEmpty());
}

TEST(AtomicFile, ReplacesAnOlderOneAtOnce) {
  const TestFolder folder;
  folder.write("a", "old");
  AtomicFile file(folder.path("a"));
  ASSERT_TRUE(file.write(to_bytes("new")));
  EXPECT_EQ(folder.read("a"), "old");
  file.publish();
  EXPECT_EQ(folder.read("a"), "new");
}

TEST(AtomicFile, IsForItsOwnerAlone) {
  const TestFolder folder;
  AtomicFile file(folder.path("a"));
  file.publish();
  struct stat info{};
  ASSERT_EQ(::stat(folder.path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0077U, 0U);
}

TEST(AtomicFile, AFolderThatIsNotThereIsAFailure) {
  const TestFolder folder;
  EXPECT_THROW(AtomicFile(folder.path("no/a")), Failure);
}

}  // namespace
}  // namespace gbx::prepare
