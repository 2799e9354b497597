vcpkg_from_github(
  OUT_SOURCE_PATH SOURCE_PATH
  REPO kimistream/kimistream
  REF "v${VERSION}"
  SHA512 0  # of a release's archive, known when it has been made: vcpkg says it at the first try
  HEAD_REF main)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DBUILD_TESTING=OFF -DKIMISTREAM_BUILD_EXAMPLES=OFF -DKIMISTREAM_INSTALL=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/kimistream)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
