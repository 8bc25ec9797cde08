# quantier_embed(TARGET NAMESPACE FUNCTION FILE): the text of FILE as `std::string NAMESPACE::FUNCTION()`, read when
# CMake configures and again whenever the file changes. In pieces, for compilers that limit the length of a literal.
function(quantier_embed TARGET NAMESPACE FUNCTION FILE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${FILE})
  file(READ ${FILE} EMBEDDED_TEXT)
  set(EMBEDDED_NAMESPACE ${NAMESPACE})
  set(EMBEDDED_FUNCTION ${FUNCTION})
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded_text.cc.in ${CMAKE_CURRENT_BINARY_DIR}/embedded/${FUNCTION}.cc @ONLY)
  target_sources(${TARGET} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded/${FUNCTION}.cc)
endfunction()
