# quantier_embed(TARGET FUNCTION FILE): the file's text as `std::string_view audit_internal::FUNCTION()`, read when CMake
# configures and again whenever the file changes.
function(quantier_embed TARGET FUNCTION FILE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${FILE})
  file(READ ${FILE} EMBEDDED_TEXT)
  set(EMBEDDED_FUNCTION ${FUNCTION})
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded_text.cc.in ${CMAKE_CURRENT_BINARY_DIR}/embedded/${FUNCTION}.cc @ONLY)
  target_sources(${TARGET} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded/${FUNCTION}.cc)
endfunction()
