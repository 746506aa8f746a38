#pragma once

// What runs, as a list of files and their hashes: the image manifest whose digest the members sign
// into the policy. On the sim platform the room measures itself, which proves nothing; on a real
// one the platform measures what contains these files.

#include <filesystem>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/base/result.h"

namespace gbx::enclave {

constexpr const char* kRoomName = "glovebox-room";
constexpr const char* kWorkerName = "glovebox-worker";
constexpr const char* kEngineName = "libduckdb.so";
constexpr const char* kLoaderName = "ld-linux-x86-64.so.2";

struct ImageFiles {
  std::filesystem::path room;
  std::filesystem::path worker;
  std::filesystem::path engine;                  // libduckdb.so
  std::vector<std::filesystem::path> libraries;  // of the system, where the image brings its own
};

struct NamedFile {
  std::string name;
  std::filesystem::path path;
};

// In the order of the manifest: the programs and the engine, then the libraries by name, of which
// the dynamic loader is the first.
std::vector<NamedFile> named_files(const ImageFiles& files);

// The files of the program that calls: the worker beside it, the engine library beside it, in the
// lib folder next to it, or where it was built against; the dynamic loader and the C and C++
// libraries that lie beside it, which the worker then uses. Fails with unavailable
// (image_incomplete).
Result<ImageFiles> find_image_files();

// The same of another room program. Fails as find_image_files() does.
Result<ImageFiles> image_files_of(const std::filesystem::path& room);

// {"files": [{"name", "sha256"}], "format": 1}, in that order. Fails with unavailable
// (image_unreadable).
Result<Json> image_manifest(const ImageFiles& files);
// The same of a list of {"name", "sha256"}.
Json manifest_of(Json files);
// SHA-256 of its canonical form.
Hash image_digest(const Json& manifest);

}  // namespace gbx::enclave
