#include "enclave/sealed_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "trusted/crypto/hash.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace gbx::enclave {
namespace {

namespace fs = std::filesystem;

constexpr Error kUnreadable{ErrorCode::unavailable, "image_unreadable"};
constexpr Error kNotSealed{ErrorCode::unavailable, "image_not_sealed"};
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

Descriptor memory_file(const char* name) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int file = ::memfd_create(name, kFlags | MFD_EXEC);
  return Descriptor(file >= 0 || errno != EINVAL ? file : ::memfd_create(name, kFlags));
}

Status seal(const Descriptor& file) {
  return ::fcntl(file.get(), F_ADD_SEALS, kSeals) == 0 ? Status{} : kNotSealed;
}

bool is_sealed(int file) { return ::fcntl(file, F_GET_SEALS) == kSeals; }

// To the end of the file, whatever its size was before.
Result<Descriptor> copy_sealed(const char* name, const fs::path& path) {
  const Descriptor source(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.valid()) return kUnreadable;
  Descriptor out = memory_file(name);
  if (!out.valid()) return kNotSealed;
  std::uint64_t copied = 0;
  while (true) {
    const ssize_t piece = ::sendfile(out.get(), source.get(), nullptr, std::size_t{1} << 24);
    if (piece == 0) break;
    if (piece < 0 && errno == EINTR) continue;
    copied += piece < 0 ? 0 : static_cast<std::uint64_t>(piece);
    if (piece < 0 || copied > kImageFileBytesMax) return kUnreadable;
  }
  GBX_TRY(seal(out));
  return out;
}

Result<Hash> hash_of(const Descriptor& file) {
  struct ::stat about{};
  if (::fstat(file.get(), &about) != 0 || about.st_size <= 0) return kUnreadable;
  const auto size = static_cast<std::size_t>(about.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return kUnreadable;
  const Hash hash = crypto::sha256(ByteView(static_cast<const std::uint8_t*>(bytes), size));
  ::munmap(bytes, size);
  return hash;
}

Result<Descriptor> text_sealed(std::string_view text) {
  Descriptor out = memory_file("image.json");
  if (!out.valid()) return kNotSealed;
  if (::pwrite(out.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return kNotSealed;
  }
  GBX_TRY(seal(out));
  return out;
}

}  // namespace

Result<SealedImage> seal_image(const ImageFiles& files) {
  SealedImage out;
  Json list{Json::Array{}};
  for (const NamedFile& part : named_files(files)) {
    GBX_TRY_ASSIGN(Descriptor file, copy_sealed(part.name.c_str(), part.path));
    GBX_TRY_ASSIGN(const Hash hash, hash_of(file));
    list.push(Json::object({{"name", part.name}, {"sha256", to_hex(hash)}}));
    out.files.push_back(std::move(file));
  }
  out.manifest = manifest_of(std::move(list));
  GBX_TRY_ASSIGN(out.manifest_file, text_sealed(out.manifest.canonical()));
  return out;
}

Result<InheritedImage> inherited_image() {
  const Descriptor file(kManifestDescriptor);
  if (!is_sealed(file.get())) return kNotSealed;
  Bytes text(attest::kImageManifestBytesMax);
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  if (size <= 0) return kUnreadable;
  text.resize(static_cast<std::size_t>(size));
  GBX_TRY_ASSIGN(const Json manifest, Json::parse_canonical(as_text(text)));
  GBX_TRY_ASSIGN(const auto files, attest::decode_image_manifest(manifest));
  InheritedImage out{image_digest(manifest), {}};
  for (const attest::ImageFile& named : files) {
    const int descriptor = kImageDescriptor + static_cast<int>(out.names.size());
    if (!is_sealed(descriptor)) return kNotSealed;
    out.names.push_back(named.name);
  }
  return out;
}

}  // namespace gbx::enclave
