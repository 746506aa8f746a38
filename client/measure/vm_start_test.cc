#include "client/measure/vm_start.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

struct Part {
  std::string name;
  std::string content;
};

constexpr std::size_t kHeaders = 0x400;
constexpr std::size_t kAlignment = 0x200;
constexpr std::size_t kPe = 0x80;
constexpr std::size_t kOptional = kPe + 24;
constexpr std::size_t kOptionalBytes = 240;
constexpr std::size_t kTable = kOptional + kOptionalBytes;

void put(std::string& file, std::size_t place, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; i++) file[place + i] = static_cast<char>(value >> 8 * i);
}

// A PE file of these sections and nothing more.
std::string program(const std::vector<Part>& parts) {
  std::string file(kHeaders, '\0');
  put(file, 0x3c, kPe, 4);
  put(file, kPe, 0x4550, 4);
  put(file, kPe + 6, parts.size(), 2);
  put(file, kPe + 20, kOptionalBytes, 2);
  put(file, kOptional, 0x20b, 2);
  put(file, kOptional + 60, kHeaders, 4);
  for (std::size_t i = 0; i < parts.size(); i++) {
    const std::size_t entry = kTable + 40 * i;
    std::copy(parts[i].name.begin(), parts[i].name.end(),
              file.begin() + static_cast<std::ptrdiff_t>(entry));
    put(file, entry + 8, parts[i].content.size(), 4);
    const std::size_t raw = (parts[i].content.size() + kAlignment - 1) / kAlignment * kAlignment;
    put(file, entry + 16, raw, 4);
    put(file, entry + 20, file.size(), 4);
    file += parts[i].content + std::string(raw - parts[i].content.size(), '\0');
  }
  return file;
}

// What is hashed of it: all but the checksum and the place of signatures.
std::string without_signature(std::string file) {
  file.erase(kOptional + 112 + 32, 8);
  file.erase(kOptional + 64, 4);
  return file;
}

Hash extended(std::initializer_list<std::string> measured) {
  Hash value{};
  for (const std::string& one : measured) {
    Bytes both(value.begin(), value.end());
    const Hash digest = crypto::sha256(as_bytes(one));
    both.insert(both.end(), digest.begin(), digest.end());
    value = crypto::sha256(both);
  }
  return value;
}

std::string kernel() { return program({{".text", "kernel"}}); }
std::vector<Part> parts() {
  return {{".text", "stub"}, {".cmdline", "a b"}, {".linux", kernel()}, {".initrd", "files"}};
}

std::string value_of(const std::vector<attest::PcrValue>& pcrs, int index) {
  const auto one =
      std::find_if(pcrs.begin(), pcrs.end(), [&](const auto& pcr) { return pcr.index == index; });
  return one == pcrs.end() ? "" : to_hex(one->value);
}

std::string_view refused(const std::string& image) {
  const auto pcrs = pcrs_of_vm(as_bytes(image));
  return pcrs ? "taken" : pcrs.error().reason.view();
}

TEST(VmStart, ComputesEachRegister) {
  const std::string image = program(parts());
  const auto pcrs = pcrs_of_vm(as_bytes(image));
  ASSERT_TRUE(pcrs) << pcrs.error().reason.view();
  using namespace std::string_literals;
  const std::string separator(4, '\0');
  EXPECT_EQ(pcrs->size(), 6U);
  EXPECT_EQ(value_of(*pcrs, 2), to_hex(extended({separator})));
  EXPECT_EQ(value_of(*pcrs, 4),
            to_hex(extended({without_signature(image), "Calling EFI Application from Boot Option",
                             separator, without_signature(kernel())})));
  EXPECT_EQ(value_of(*pcrs, 9), to_hex(extended({"a\0 \0b\0\0\0"s, "files"})));
  EXPECT_EQ(value_of(*pcrs, 11),
            to_hex(extended({".linux\0"s, kernel(), ".cmdline\0"s, "a b", ".initrd\0"s, "files"})));
  EXPECT_EQ(value_of(*pcrs, 12), std::string(64, '0'));
  EXPECT_EQ(value_of(*pcrs, 13), std::string(64, '0'));
}

// What they are, second_test.py computes another time; here is what they depend on.
TEST(VmStart, RtmrsOfATrustDomain) {
  const std::string image = program(parts());
  const auto now = rtmrs_of_vm(as_bytes(image), Separator::rtmr1);
  const auto older = rtmrs_of_vm(as_bytes(image), Separator::rtmr0);
  ASSERT_TRUE(now && older);
  EXPECT_EQ(now->size(), 3U);
  EXPECT_NE(value_of(*now, 1), value_of(*older, 1));
  for (const int unused : {2, 3}) EXPECT_EQ(value_of(*now, unused), std::string(96, '0'));
  for (std::size_t i = 0; i < parts().size(); i++) {
    if (parts()[i].name == ".linux") continue;
    std::vector<Part> changed = parts();
    changed[i].content.front() = 'X';
    const auto other = rtmrs_of_vm(as_bytes(program(changed)), Separator::rtmr1);
    ASSERT_TRUE(other);
    EXPECT_NE(value_of(*other, 1), value_of(*now, 1)) << parts()[i].name;
  }
  EXPECT_EQ(rtmrs_of_vm(as_bytes("MZ"), Separator::rtmr1).error().reason.view(),
            "vm_image_malformed");
}

TEST(VmStart, AChecksumAndASignatureAreNotMeasured) {
  std::string image = program(parts());
  const auto before = pcrs_of_vm(as_bytes(image));
  put(image, kOptional + 64, 12345, 4);
  put(image, kOptional + 112 + 32, image.size(), 4);
  put(image, kOptional + 112 + 36, 9, 4);
  image += "signature";
  const auto after = pcrs_of_vm(as_bytes(image));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(value_of(*before, 4), value_of(*after, 4));
}

TEST(VmStart, EveryTruncationIsRefused) {
  const std::string image = program(parts());
  for (std::size_t size = 0; size < image.size(); size++) {
    EXPECT_EQ(refused(image.substr(0, size)), "vm_image_malformed") << size;
  }
}

TEST(VmStart, PartsThatWouldBeMeasuredOtherwiseAreRefused) {
  const auto changed = [](auto change) {
    std::vector<Part> all = parts();
    change(all);
    return refused(program(all));
  };
  EXPECT_EQ(changed([](auto&) {}), "taken");
  for (const char* name : {".osrel", ".dtb", ".splash", ".pcrsig", ".uname", ".other"}) {
    EXPECT_EQ(changed([&](auto& all) { all.push_back({name, "x"}); }), "vm_image_malformed");
  }
  EXPECT_EQ(changed([](auto& all) { all.push_back({".cmdline", "x"}); }), "vm_image_malformed");
  for (std::size_t i = 1; i < parts().size(); i++) {
    EXPECT_EQ(changed([&](auto& all) { all.erase(all.begin() + static_cast<std::ptrdiff_t>(i)); }),
              "vm_image_malformed");
  }
  for (const char* line : {" a", "a ", "a\n", "\xc3\xa4"}) {
    EXPECT_EQ(changed([&](auto& all) { all[1].content = line; }), "vm_image_malformed");
  }
  EXPECT_EQ(changed([](auto& all) { all[2].content = "no program"; }), "vm_image_malformed");
}

TEST(VmStart, SectionsThatOverlapOrLieOutsideAreRefused) {
  const auto with = [](std::size_t place, std::uint64_t value) {
    std::string image = program(parts());
    put(image, place, value, 4);
    return refused(image);
  };
  EXPECT_EQ(with(kTable + 40 + 20, kHeaders), "vm_image_malformed");      // the first one's place
  EXPECT_EQ(with(kTable + 40 + 20, 0), "vm_image_malformed");             // the headers
  EXPECT_EQ(with(kTable + 40 + 20, 0xffffff00), "vm_image_malformed");    // behind the end
  EXPECT_EQ(with(kTable + 40 + 16, 0xffffff00), "vm_image_malformed");    // past the end
  EXPECT_EQ(with(kTable + 40 + 8, 0x1000), "vm_image_malformed");         // more than the file has
  EXPECT_EQ(with(kOptional + 60, 0x10), "vm_image_malformed");            // no room for the table
  EXPECT_EQ(with(kOptional + 112 + 36, 0x100000), "vm_image_malformed");  // a signature too long
  EXPECT_EQ(with(0x3c, 0xffffffff), "vm_image_malformed");
  EXPECT_EQ(with(kPe + 6, 33), "vm_image_malformed");
}

}  // namespace
}  // namespace gbx::client
