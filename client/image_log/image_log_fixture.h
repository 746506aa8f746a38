#pragma once

// A keeper with a cheap passphrase and an empty folder for its log, for the tests of this folder.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "attest/signed_image.h"
#include "client/image_log/image_log.h"

namespace gbx::client {

constexpr const char* kImageLogOrigin = "example.com/images";

inline packet::Envelope signed_image(const std::string& name) {
  const Json manifest = Json::object(
      {{"files", Json::Array{Json::object({{"name", name}, {"sha256", std::string(64, 'a')}})}},
       {"format", 1}});
  packet::Envelope out = attest::make_signed_image(manifest).value();
  packet::sign(out, crypto::SigningKey::from_seed(Secret<32>(Hash{9})));
  return out;
}

inline std::string entry_of(const std::string& name) {
  return attest::image_log_entry(signed_image(name)).value();
}

class ImageLogFixture {
 public:
  ImageLogFixture()
      : top(std::filesystem::temp_directory_path() /
            ("gbx_image_log_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(top);
    std::filesystem::create_directories(top);
    constexpr crypto::ScryptCost kCheap = {1024, 8, 1};
    GBX_CHECK(Home::create(top / "home", "keeper", as_bytes("p"), kCheap));
  }
  ~ImageLogFixture() { std::filesystem::remove_all(top); }
  ImageLogFixture(const ImageLogFixture&) = delete;
  ImageLogFixture& operator=(const ImageLogFixture&) = delete;
  ImageLogFixture(ImageLogFixture&&) = delete;
  ImageLogFixture& operator=(ImageLogFixture&&) = delete;

  [[nodiscard]] Home open() const { return Home::open(top / "home", as_bytes("p")).value(); }
  [[nodiscard]] std::filesystem::path log() const { return top / "log"; }
  // A copy of the folder as it is now, and back.
  void keep(const std::string& name) const { copy(log(), top / name); }
  void put_back(const std::string& name) const { copy(top / name, log()); }

  std::filesystem::path top;

 private:
  static void copy(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }
};

}  // namespace gbx::client
