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
constexpr std::array<const char*, 7> kLibraries = {kLoaderName,     "libc.so.6", "libdl.so.2",
                                                   "libgcc_s.so.1", "libm.so.6", "libpthread.so.0",
                                                   "libstdc++.so.6"};

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
  ImageFiles files{room, folder / kWorkerName, {}, {}};
  const std::array<fs::path, 3> places{folder / kEngineName, folder / "../lib" / kEngineName,
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

std::vector<NamedFile> named_files(const ImageFiles& files) {
  std::vector<NamedFile> out{
      {kRoomName, files.room}, {kWorkerName, files.worker}, {kEngineName, files.engine}};
  for (const fs::path& library : files.libraries) {
    out.push_back({library.filename().string(), library});
  }
  return out;
}

Json manifest_of(Json files) { return Json::object({{"files", std::move(files)}, {"format", 1}}); }

Result<Json> image_manifest(const ImageFiles& files) {
  Json list{Json::Array{}};
  for (const NamedFile& part : named_files(files)) {
    GBX_TRY_ASSIGN(const Hash hash, hash_file(part.path));
    list.push(Json::object({{"name", part.name}, {"sha256", to_hex(hash)}}));
  }
  return manifest_of(std::move(list));
}

Hash image_digest(const Json& manifest) { return crypto::sha256(as_bytes(manifest.canonical())); }

}  // namespace gbx::enclave
