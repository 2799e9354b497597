"""The C++ library as a package of Conan 2: ``conan create packaging/conan``, from a checkout."""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy

SOURCES = ("CMakeLists.txt", "LICENSE", "cmake/*", "cpp/CMakeLists.txt", "cpp/include/*", "cpp/src/*")


class Kimistream(ConanFile):
    name = "kimistream"
    description = "The client for the Kimi K2.6 API: streaming, typed, retrying"
    url = homepage = "https://github.com/kimistream/kimistream"
    license = "Apache-2.0"
    topics = ("kimi", "llm", "sse", "client")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}  # noqa: RUF012  # so Conan wants it
    default_options = {"shared": False, "fPIC": True}  # noqa: RUF012
    implements = ("auto_shared_fpic",)
    test_package_folder = "../../tests/package/consumer"

    def set_version(self):
        header = Path(self.recipe_folder, "../../cpp/include/kimistream/version.hpp").read_text("utf-8")
        self.version = re.search(r'KIMISTREAM_VERSION "(.*)"', header)[1]

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, src=str(Path(self.recipe_folder, "../..").resolve()), dst=self.export_sources_folder)

    def requirements(self):
        self.requires("libcurl/[>=7.85 <9]")
        self.requires("simdjson/[>=3.0 <6]")

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update(
            {"BUILD_TESTING": False, "KIMISTREAM_BUILD_EXAMPLES": False, "KIMISTREAM_INSTALL": True}
        )
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=str(Path(self.package_folder, "licenses")))
        CMake(self).install()

    def package_info(self):
        # What CMake finds is the package that the library itself installs.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/kimistream"]
        self.cpp_info.libs = ["kimistream"]
        self.cpp_info.system_libs = ["pthread"]
