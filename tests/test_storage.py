"""Where photos and files are kept."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from core.embedded.process import free_port
from core.errors import SettingsError
from core.storage import CHUNK_BYTES, ObjectMissing, Storage, _key
from core.storage import storage as installed_storage
from tests.garages import Garage

BUCKET = "photos"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of an S3 bucket on the loopback address."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield f"s3://{BUCKET}?endpoint={endpoint}&region=eu-central-1"
        server.stop()


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A folder, and a bucket: both keep the same promises."""
    if request.param == "file":
        return Storage.from_url((tmp_path / "files").as_uri())
    return Storage.from_url(request.getfixturevalue("bucket"))


@pytest.fixture
def tenant_id() -> UUID:
    """A garage of this test."""
    return uuid4()


async def streamed(storage: Storage, tenant_id: UUID, path: str) -> list[bytes]:
    return [chunk async for chunk in storage.stream(tenant_id, path)]


async def test_what_is_kept_is_found_again(storage: Storage, tenant_id: UUID) -> None:
    await storage.put_bytes(tenant_id, "jobs/1/note.txt", b"one")
    await storage.put_bytes(tenant_id, "jobs/1/note.txt", b"two")
    assert await storage.get_bytes(tenant_id, "jobs/1/note.txt") == b"two"


async def test_a_large_file_is_streamed_in_and_out(
    storage: Storage, tenant_id: UUID, tmp_path: Path
) -> None:
    source = tmp_path / "large"
    source.write_bytes(b"0123456789abcdef" * (CHUNK_BYTES // 4))
    await storage.put_file(tenant_id, "jobs/1/large", source)
    chunks = await streamed(storage, tenant_id, "jobs/1/large")
    assert b"".join(chunks) == source.read_bytes()
    assert len(chunks) > 1


async def test_what_is_not_there_is_said_to_be_missing(storage: Storage, tenant_id: UUID) -> None:
    with pytest.raises(ObjectMissing):
        await storage.get_bytes(tenant_id, "jobs/1/none")
    with pytest.raises(ObjectMissing):
        await streamed(storage, tenant_id, "jobs/1/none")


async def test_deleting_twice_is_deleting_once(storage: Storage, tenant_id: UUID) -> None:
    await storage.put_bytes(tenant_id, "a", b"x")
    await storage.delete(tenant_id, "a")
    await storage.delete(tenant_id, "a")
    with pytest.raises(ObjectMissing):
        await storage.get_bytes(tenant_id, "a")


async def test_one_garage_does_not_find_what_another_kept(
    storage: Storage, tenant_id: UUID
) -> None:
    await storage.put_bytes(tenant_id, "jobs/1/a", b"x")
    with pytest.raises(ObjectMissing):
        await storage.get_bytes(uuid4(), "jobs/1/a")


async def test_a_garage_is_removed_with_all_of_its_files_and_no_other(
    storage: Storage, tenant_id: UUID
) -> None:
    other = uuid4()
    for number in range(30):
        await storage.put_bytes(tenant_id, f"jobs/{number}/a", b"x")
    await storage.put_bytes(other, "jobs/1/a", b"kept")
    await storage.delete_tenant(tenant_id)
    await storage.delete_tenant(tenant_id)
    for number in range(30):
        with pytest.raises(ObjectMissing):
            await storage.get_bytes(tenant_id, f"jobs/{number}/a")
    assert await storage.get_bytes(other, "jobs/1/a") == b"kept"


NASTY = ["..", "../x", "a/../../x", "/etc/passwd", "/", "", ".", "a/..", "./.."]


@pytest.mark.parametrize("path", NASTY)
async def test_no_path_leads_out_of_a_garage(
    storage: Storage, tenant_id: UUID, path: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="not a path inside a garage"):
        await storage.put_bytes(tenant_id, path, b"x")
    with pytest.raises(ValueError, match="not a path inside a garage"):
        await storage.get_bytes(tenant_id, path)
    with pytest.raises(ValueError, match="not a path inside a garage"):
        await storage.delete(tenant_id, path)


@given(path=st.text(st.sampled_from("a./\\ %"), max_size=12))
@settings(deadline=None, database=None)
def test_every_key_begins_with_the_garage_and_stays_there(path: str) -> None:
    tenant_id = UUID(int=7)
    try:
        key = _key(tenant_id, path)
    except ValueError:
        return
    assert key.startswith(f"tenants/{tenant_id}/")
    assert ".." not in key.split("/")
    assert not key.endswith("/")


def test_keys_are_prefixed_on_disk_too(tmp_path: Path, tenant_id: UUID) -> None:
    assert _key(tenant_id, "jobs/1/a.webp") == f"tenants/{tenant_id}/jobs/1/a.webp"


@pytest.mark.parametrize("url", ["http://host/x", "ftp://host", "", "/folder"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        Storage.from_url(url)


async def test_the_process_has_one_storage(garage: Garage) -> None:
    assert installed_storage() is garage.house.storage
