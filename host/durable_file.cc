#include "host/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "enclave/channel.h"

namespace gbx::host {
bool sync_folder(const std::filesystem::path& folder) {
  const enclave::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() && ::fsync(opened.get()) == 0;
}

bool write_durably(const std::filesystem::path& path, ByteView bytes) {
  const std::string beside = path.string() + ".part";
  const enclave::Descriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const bool written = file.valid() && enclave::write_all(file.get(), bytes) &&
                       ::fsync(file.get()) == 0 && ::rename(beside.c_str(), path.c_str()) == 0;
  if (!written) {
    ::unlink(beside.c_str());
    return false;
  }
  return sync_folder(std::filesystem::absolute(path).parent_path());
}

}  // namespace gbx::host
