#include "enclave/image.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "enclave/channel.h"
#include "trusted/crypto/hash.h"

namespace gbx::enclave {
namespace {

namespace fs = std::filesystem;

// What the worker and the engine need of Debian 12, by name.
constexpr std::array<const char*, 6> kLibraries = {
    "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "libstdc++.so.6"};

Result<Hash> hash_file(const fs::path& path) {
  const Error unreadable{ErrorCode::unavailable, "image_unreadable"};
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return unreadable;
  crypto::Sha256 hash;
  Bytes piece(std::size_t{1} << 20);
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0) return unreadable;
    if (got == 0) return hash.finish();
    hash.update(ByteView(piece).first(static_cast<std::size_t>(got)));
  }
}

}  // namespace

Result<ImageFiles> image_files_of(const fs::path& room) {
  std::error_code failed;
  const fs::path folder = room.parent_path();
  ImageFiles files{room, folder / "glovebox-worker", {}, {}};
  const std::array<fs::path, 3> places{folder / "libduckdb.so", folder / "../lib/libduckdb.so",
                                       GBX_DUCKDB_LIBRARY};
  for (const fs::path& place : places) {
    if (files.engine.empty() && fs::exists(place, failed)) files.engine = place;
  }
  if (files.engine.empty() || !fs::exists(files.worker, failed)) {
    return Error{ErrorCode::unavailable, "image_incomplete"};
  }
  for (const char* name : kLibraries) {
    if (fs::exists(folder / name, failed)) files.libraries.push_back(folder / name);
  }
  return files;
}

Result<ImageFiles> find_image_files() {
  std::error_code failed;
  return image_files_of(fs::read_symlink("/proc/self/exe", failed));
}

Result<Json> image_manifest(const ImageFiles& files) {
  Json list{Json::Array{}};
  const std::array<std::pair<const char*, const fs::path*>, 3> parts{
      {{"glovebox-room", &files.room},
       {"glovebox-worker", &files.worker},
       {"libduckdb.so", &files.engine}}};
  for (const auto& [name, path] : parts) {
    GBX_TRY_ASSIGN(const Hash hash, hash_file(*path));
    list.push(Json::object({{"name", name}, {"sha256", to_hex(hash)}}));
  }
  for (const fs::path& library : files.libraries) {
    GBX_TRY_ASSIGN(const Hash hash, hash_file(library));
    list.push(Json::object({{"name", library.filename().string()}, {"sha256", to_hex(hash)}}));
  }
  return Json::object({{"files", std::move(list)}, {"format", 1}});
}

Hash image_digest(const Json& manifest) { return crypto::sha256(as_bytes(manifest.canonical())); }

}  // namespace gbx::enclave
