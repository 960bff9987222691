"""Areas by code and by every spelling that the documents and their readers use."""

import re

import pytest

from psykanalys.areas import (
    NATION,
    Area,
    UnknownAreaError,
    counties,
    find_area,
    find_county,
    find_municipality,
    municipalities,
    official_areas,
    short_name,
    slugify,
)

# code, the county as it is said, its file name
COUNTIES = [
    ("01", "Stockholm", "stockholm"),
    ("03", "Uppsala", "uppsala"),
    ("04", "Södermanland", "sodermanland"),
    ("05", "Östergötland", "ostergotland"),
    ("06", "Jönköping", "jonkoping"),
    ("07", "Kronoberg", "kronoberg"),
    ("08", "Kalmar", "kalmar"),
    ("09", "Gotland", "gotland"),
    ("10", "Blekinge", "blekinge"),
    ("12", "Skåne", "skane"),
    ("13", "Halland", "halland"),
    ("14", "Västra Götaland", "vastra-gotaland"),
    ("17", "Värmland", "varmland"),
    ("18", "Örebro", "orebro"),
    ("19", "Västmanland", "vastmanland"),
    ("20", "Dalarna", "dalarna"),
    ("21", "Gävleborg", "gavleborg"),
    ("22", "Västernorrland", "vasternorrland"),
    ("23", "Jämtland", "jamtland"),
    ("24", "Västerbotten", "vasterbotten"),
    ("25", "Norrbotten", "norrbotten"),
]
UNMARKED = ("Uppsala", "Kalmar", "Örebro", "Blekinge", "Skåne")  # no s before 'län'
SHARED = ("Stockholm", "Uppsala", "Jönköping", "Kalmar", "Gotland", "Örebro")  # a municipality has the name too


def spellings(code: str, name: str, slug: str) -> list[str]:
    owned = name if name in UNMARKED else f"{name}s"
    plain = [code, f"00{code}", f"{code} {owned} län", name, slug, f"{owned} län", f"{owned} läns landsting"]
    return [*plain, f"Region {name}", f"Landstinget {name}", name.upper(), f"  {owned}   LÄN ", f"{name} län"]


EVERY = [(text, code) for code, name, slug in COUNTIES for text in spellings(code, name, slug)]


@pytest.mark.parametrize(("text", "code"), EVERY)
def test_a_county_is_found_by_every_spelling(text, code):
    assert find_county(text).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Region Sörmland", "04"),
        ("Landstinget Sörmland", "04"),
        ("Sörmland", "04"),
        ("Västra Götalandsregionen", "14"),
        ("Region Jämtland Härjedalen", "23"),
        ("Jämtlands läns landsting", "23"),
        ("Region Dalarna", "20"),
    ],
)
def test_a_county_is_found_by_the_name_that_its_region_uses_of_itself(text, code):
    assert find_county(text).code == code
    assert find_area(text).code == code


def test_there_are_21_counties_in_code_order():
    assert [(county.code, short_name(county), county.slug) for county in counties()] == COUNTIES


def test_there_are_290_municipalities_each_in_its_county():
    municipalities = [area for area in official_areas().values() if area.kind == "municipality"]
    assert len(municipalities) == 290
    assert {area.parent for area in municipalities} == {county.code for county in counties()}
    assert all(area.code.startswith(area.parent) for area in municipalities)


@pytest.mark.parametrize("text", ["riket", "Riket", "00", "Sverige", "hela landet"])
def test_the_nation_is_an_area(text):
    assert find_area(text).code == NATION


@pytest.mark.parametrize("name", SHARED)
def test_a_name_that_a_county_shares_with_a_municipality_is_refused_with_both_codes(name):
    county = find_county(name)
    with pytest.raises(UnknownAreaError, match=f"'{name}' names more than one area; write the code: ") as refused:
        find_area(name)
    assert f"{county.code} ({county.name}, county)" in str(refused.value)
    assert re.search(rf"{county.code}\d\d \({name}, municipality\)", str(refused.value))


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_name_is_clear_with_its_kind(name):
    assert find_area(f"{name} kommun").kind == "municipality"
    assert find_area(f"Region {name}").kind == "county"
    assert find_area(f"{name} län").kind == "county"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Umeå", "2480"),
        ("Umeå kommun", "2480"),
        ("umeå KOMMUN", "2480"),
        ("umea", "2480"),
        ("2480", "2480"),
        ("2480 Umeå", "2480"),
        ("Skellefteå kommun", "2482"),
        ("Åsele", "2463"),
        ("Övertorneå", "2518"),
        ("Övertorneå kommun", "2518"),
        ("Älvsbyn", "2560"),
        ("Gävle", "2180"),
        ("Malå", "2418"),
        ("Haparanda stad", "2583"),
        ("Upplands Väsby", "0114"),
        ("Hofors kommun", "2104"),
    ],
)
def test_a_municipality_is_found_by_code_and_name(text, code):
    assert find_area(text).code == code


def test_every_official_area_is_found_by_its_code():
    assert all(find_area(code) == area for code, area in official_areas().items())


def test_every_municipality_is_found_by_its_name_with_the_word_kommun():
    municipalities = [area for area in official_areas().values() if area.kind == "municipality"]
    clear = [area for area in municipalities if area.name != "Habo"]  # also how Håbo is written in a file name
    assert [area.name for area in clear if find_area(f"{area.name} kommun") != area] == []


@pytest.mark.parametrize(
    "text", ["", "Atlantis", "99", "2499", "Umeå län", "Region Umeå", "Gävleborgs kommun", "län", "2"]
)
def test_what_names_no_area_is_refused_with_what_to_write(text):
    with pytest.raises(UnknownAreaError, match=f"^'{text}' is no known area; write a code such as 24, 2480"):
        find_area(text)


@pytest.mark.parametrize("text", ["Umeå", "2480", "00", "Riket", "Region Umeå"])
def test_what_is_no_county_is_not_found_as_one(text):
    with pytest.raises(UnknownAreaError):
        find_county(text)


def test_an_area_without_an_official_code_is_found_among_those_given():
    area = Area("24-umea-area", "Umeåområdet", "subregion", "24")
    assert find_area("24-umea-area", [area]) == area
    assert find_area("Umeåområdet", [area]) == area
    with pytest.raises(UnknownAreaError):
        find_area("24-umea-area")


def test_an_own_area_with_the_name_of_an_official_one_must_be_named_by_code():
    area = Area("24-umea-clinic", "Umeå", "unit", "24")
    with pytest.raises(UnknownAreaError, match=r"2480 .* or 24-umea-clinic"):
        find_area("Umeå", [area])
    assert find_area("24-umea-clinic", [area]) == area


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Västra Götaland", "vastra-gotaland"), ("Åre  Östra / ö", "are-ostra-o"), ("Umeå", "umea"), ("–", "")],
)
def test_a_file_name_is_lower_case_ascii_with_hyphens(text, slug):
    assert slugify(text) == slug


def test_every_municipality_has_a_file_name_of_its_own_and_is_found_by_it():
    names = {area.file_name: area for area in municipalities()}
    assert len(names) == 290
    assert all(find_municipality(name) == area for name, area in names.items())
    assert find_municipality("Håbo").file_name == "habo-0305-kommun"
    assert find_municipality("habo").code == "0643"
