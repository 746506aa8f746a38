#pragma once

// Tests only: a software TPM (swtpm) of this test's own on loopback, with an endorsement
// certificate of a certificate authority of its own. It ends with the test.

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::attester {

class SoftwareTpm {
 public:
  SoftwareTpm() {
    std::string pattern = "/tmp/gbx-swtpm-XXXXXX";
    GBX_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    std::filesystem::create_directory(folder_ / "ca");
    std::filesystem::create_directory(folder_ / "state");
    write("ca.conf", "statedir = " + path("ca") + "\nsigningkey = " + path("ca/key.pem") +
                         "\nissuercert = " + path("ca/issuer.pem") +
                         "\ncertserial = " + path("ca/serial") + "\n");
    write("ca.options",
          "--platform-manufacturer Nobody\n--platform-version 1\n--platform-model test\n");
    write("setup.conf", "create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = " +
                            path("ca.conf") + "\ncreate_certs_tool_options = " +
                            path("ca.options") + "\nactive_pcr_banks = sha256\n");
    const int made = ::waitpid(
        start({"/usr/bin/swtpm_setup", "--tpm2", "--tpmstate", path("state"), "--create-ek-cert",
               "--config", path("setup.conf"), "--overwrite", "--logfile", path("setup.log")}),
        &status_, 0);
    GBX_CHECK(made > 0 && status_ == 0);
    power_on();
  }
  ~SoftwareTpm() {
    power_off();
    std::filesystem::remove_all(folder_);
  }
  SoftwareTpm(const SoftwareTpm&) = delete;
  SoftwareTpm& operator=(const SoftwareTpm&) = delete;
  SoftwareTpm(SoftwareTpm&&) = delete;
  SoftwareTpm& operator=(SoftwareTpm&&) = delete;

  // As Tpm::open() takes it.
  [[nodiscard]] std::string where() const { return "swtpm:127.0.0.1:" + std::to_string(port_); }
  // The certificates between an endorsement certificate and the root, PEM.
  [[nodiscard]] Bytes authorities() const {
    Bytes out = read("ca/issuer.pem");
    const Bytes root = root_pem();
    out.insert(out.end(), root.begin(), root.end());
    return out;
  }
  [[nodiscard]] Bytes root_pem() const { return read("ca/swtpm-localca-rootca-cert.pem"); }

  void power_on() {
    for (int tries = 0; tries < 20; tries++) {
      port_ = free_port();
      const std::string port = std::to_string(port_);
      pid_ = start({"/usr/bin/swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + path("state"),
                    "--server", "type=tcp,bindaddr=127.0.0.1,port=" + port, "--ctrl",
                    "type=tcp,bindaddr=127.0.0.1,port=" + std::to_string(port_ + 1), "--flags",
                    "not-need-init,startup-clear"});
      if (listens()) return;
      power_off();
    }
    GBX_CHECK(false);
  }
  void power_off() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] Bytes read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return Bytes{std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
  }
  // A port whose successor is free, too.
  static std::uint16_t free_port() {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::bind(probe, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(probe);
    const std::uint16_t port = ntohs(address.sin_port);
    return port > 65000 ? std::uint16_t{40000} : port;
  }
  // Whether the process itself listens on both ports. Whether somebody does is no answer: while it
  // has one port and not yet the other, that one may be another test's.
  bool listens() {
    for (int tries = 0; tries < 1000; tries++) {
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
        pid_ = -1;  // the port's successor was taken
        return false;
      }
      if (listens_on(port_) && listens_on(static_cast<std::uint16_t>(port_ + 1))) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  [[nodiscard]] bool listens_on(std::uint16_t port) const {
    constexpr const char* kListens = "0A";
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);  // names
    while (std::getline(table, line)) {
      std::istringstream words(line);
      std::vector<std::string> word{std::istream_iterator<std::string>(words), {}};
      if (word.size() < 10 || word[3] != kListens) continue;
      const bool here = std::stoul(word[1].substr(word[1].find(':') + 1), nullptr, 16) == port;
      if (here && has_socket("socket:[" + word[9] + "]")) return true;
    }
    return false;
  }
  [[nodiscard]] bool has_socket(const std::string& name) const {
    std::error_code gone;
    for (const auto& file :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd", gone)) {
      if (std::filesystem::read_symlink(file, gone) == name) return true;
    }
    return false;
  }

  static pid_t start(std::vector<std::string> command) {
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const int null = ::open("/dev/null", O_RDWR);
    for (const int standard : {0, 1, 2}) ::dup2(null, standard);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace gbx::attester
