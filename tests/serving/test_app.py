import asyncio
import base64
import io
import json
import random
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from maskwise.errors import InputError
from maskwise.inference.grad_cam import grad_cam
from maskwise.models.member import Member, load_member
from maskwise.runs.run import Run
from maskwise.serving.app import create_app
from maskwise.serving.batching import Batcher
from maskwise.serving.limits import BusyError, Limits
from maskwise.serving.memory_budget import MemoryBudget
from maskwise.serving.origins import LOOPBACK
from maskwise.serving.pixel_limiter import PixelLimiter
from maskwise.serving.saliency import Explainer
from maskwise.serving.schemas import ExplainAnswer, ModelAnswer, PredictAnswer
from maskwise.serving.service import Service
from maskwise.tasks.label_space import LabelSpace
from tests.opened import create_service, load_predictor
from tests.pictures import picture
from tests.serving.running import jpeg


@pytest.fixture(scope="module")
def service(tiny_run: Path) -> Service:
    return create_service(tiny_run)


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as running:
        yield running


def predict(client: TestClient, content: bytes, kind: str = "image/jpeg") -> Any:
    return client.post("/v1/predict", content=content, headers={"Content-Type": kind})


def test_one_photo_several_and_base64_get_the_same_answers(
    client: TestClient, tiny_run: Path, tmp_path: Path
) -> None:
    photos = [jpeg(seed) for seed in range(3)]
    paths = [tmp_path / f"{k}.jpg" for k in range(3)]
    for path, content in zip(paths, photos, strict=True):
        path.write_bytes(content)
    expected = load_predictor(tiny_run).predict_all(paths)
    one = [predict(client, photo).json()["photos"][0] for photo in photos]
    form = client.post("/v1/predict", files=[("photos", (f"{k}.jpg", p)) for k, p in enumerate(photos)])
    listed = [{"name": f"{k}.jpg", "content": base64.b64encode(p).decode()} for k, p in enumerate(photos)]
    coded = client.post("/v1/predict", json={"photos": listed})
    assert form.status_code == coded.status_code == 200
    assert len(PredictAnswer.model_validate(coded.json()).photos) == 3  # as documented, and nothing more
    # How many photos are computed together differs, and with it the last digits.
    for first, second in zip(form.json()["photos"], coded.json()["photos"], strict=True):
        assert np.allclose(first["probabilities"], second["probabilities"], atol=1e-4)
        assert first["name"] == second["name"]
    for alone, together, p in zip(one, form.json()["photos"], expected, strict=True):
        assert np.allclose(alone["probabilities"], p, atol=1e-4)
        assert np.allclose(together["probabilities"], p, atol=1e-4)
        for label in together["labels"].values():
            assert sum(label["probabilities"].values()) == pytest.approx(1, abs=1e-4)
            assert label["probability"] == label["probabilities"][label["value"]]


def test_photos_are_told_by_content_and_odd_ones_are_answered(client: TestClient) -> None:
    pixels = picture(1)
    odd = {
        "cmyk": ("JPEG", "CMYK", {}),
        "webp": ("WEBP", "RGB", {}),
        "grey": ("PNG", "L", {}),
        "alpha": ("PNG", "RGBA", {}),
    }
    for mode_name, (kind, mode, options) in odd.items():
        stream = io.BytesIO()
        Image.fromarray(pixels).convert(mode).save(stream, kind, **options)
        answer = predict(client, stream.getvalue(), "application/octet-stream")
        assert answer.json()["photos"][0]["error"] is None, mode_name
    deep = cv2.imencode(".png", (pixels.astype(np.uint16) * 257))[1].tobytes()
    assert predict(client, deep).json()["photos"][0]["error"] is None
    frames = io.BytesIO()
    Image.fromarray(pixels).save(frames, "WEBP", save_all=True, append_images=[Image.fromarray(picture(2))])
    assert predict(client, frames.getvalue()).json()["photos"][0]["error"] is None
    turned = Image.Exif()
    turned[0x0112] = 6
    upright = predict(client, jpeg(3, quality=95)).json()["photos"][0]["probabilities"]
    rotated = io.BytesIO()
    Image.fromarray(np.rot90(picture(3))).save(rotated, "JPEG", quality=95, exif=turned)
    lying = io.BytesIO()
    Image.fromarray(np.rot90(picture(3))).save(lying, "JPEG", quality=95)
    told, control = (
        predict(client, sent.getvalue()).json()["photos"][0]["probabilities"] for sent in (rotated, lying)
    )
    away, control_away = (np.abs(np.array(p) - upright).max() for p in (told, control))
    assert away < 0.05
    assert control_away > 2 * away  # without its EXIF it is another picture


def test_a_photo_that_was_cut_off_is_refused_and_the_whole_one_is_not(client: TestClient) -> None:
    png = io.BytesIO()
    Image.fromarray(picture(4)).save(png, "PNG")
    for whole in (jpeg(4), png.getvalue()):
        for kept, reads in ((1.0, True), (0.9, False), (0.5, False)):
            (row,) = predict(client, whole[: int(len(whole) * kept)]).json()["photos"]
            assert (row["error"] is None) is reads, (kept, row["error"])


def test_what_is_no_photo_has_an_error_in_its_place(client: TestClient) -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    hostile = [
        b"",
        b"no photo",
        jpeg()[:200],
        b"GIF89a" + bytes(100),
        bomb.getvalue(),
        b"\x89PNG\r\n\x1a\n" + bytes(64),
    ]
    files = [("photos", (f"{k}", content)) for k, content in enumerate([*hostile, jpeg()])]
    rows = client.post("/v1/predict", files=files).json()["photos"]
    assert all(row["error"] for row in rows[:-1])
    assert rows[-1]["error"] is None
    assert "megapixels" in rows[4]["error"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"[1, 2]", "application/json", 400),
        (b'{"photos": [{"content": "***"}]}', "application/json", 400),
        (b'{"photos": [{"content": 7}]}', "application/json", 400),
        (b'{"photos": [{"name": {}, "content": ""}]}', "application/json", 400),
        (b'{"photos": []}', "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b'{"photos": [' + b"{}," * 50_000 + b"{}]}", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"x", "text/plain", 415),
        (b"x", "", 415),
        (b"x", "multipart/form-data", 400),
        (b"--b\r\nbroken", "multipart/form-data; boundary=b", 422),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 422),
    ],
)
def test_bodies_that_are_not_what_they_say_are_refused(
    client: TestClient, body: bytes, kind: str, status: int
) -> None:
    answer = predict(client, body, kind)
    assert answer.status_code == status
    assert answer.json()["error"].startswith("Expected")


def test_a_name_that_is_no_text_is_told_back_as_text(client: TestClient) -> None:
    body = b'{"photos": [{"name": "half \\ud83d", "content": "AAAA"}]}'
    answer = predict(client, body, "application/json")
    assert answer.status_code == 200
    assert answer.json()["photos"][0]["name"] == "half ?"


def test_limits_hold_whatever_the_header_says(service: Service) -> None:
    small = replace(service, limits=Limits(request_bytes=20_000, photo_bytes=2_000, photos=2))
    with TestClient(create_app(small)) as client:
        assert predict(client, bytes(30_000)).status_code == 413

        def chunks() -> Iterator[bytes]:
            for _ in range(30):
                yield bytes(1000)

        streamed = client.post("/v1/predict", content=chunks(), headers={"Content-Type": "image/jpeg"})
        assert streamed.status_code == 413
        assert "2" in predict(client, jpeg() + bytes(3000)).json()["photos"][0]["error"]
        for count in (3, 4, 40):
            many = client.post("/v1/predict", files=[("photos", ("x", b"x"))] * count)
            assert many.status_code == 422
            assert client.post("/v1/predict", json={"photos": [{"content": ""}] * count}).status_code == 422
        large = client.post(
            "/v1/explain", content=jpeg() + bytes(3000), headers={"Content-Type": "image/jpeg"}
        )
        assert large.status_code == 422
        assert "too large" in large.json()["error"]


def test_who_sends_too_slowly_is_told_so(service: Service) -> None:
    app = create_app(replace(service, limits=Limits(receive_seconds=0.2)))

    async def slowly() -> AsyncIterator[bytes]:
        yield jpeg()[:100]
        await asyncio.sleep(30)
        yield jpeg()[100:]

    async def send() -> httpx.Response:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client,
        ):
            return await client.post("/v1/predict", content=slowly(), headers={"Content-Type": "image/jpeg"})

    answer = asyncio.run(send())
    assert answer.status_code == 408
    assert answer.json() == {"error": "Expected the request within 0.2 s."}


def test_what_all_requests_hold_in_memory_is_bounded(service: Service) -> None:
    budget = MemoryBudget(10)
    with budget.reservation() as first, budget.reservation() as second:
        first(4)
        first(2)
        with pytest.raises(BusyError):
            second(5)
        second(4)
    with budget.reservation() as again:
        again(10)  # all of it came back
    small = replace(service, limits=Limits(memory_bytes=30_000))
    with TestClient(create_app(small)) as client:
        for _ in range(5):
            refused = predict(client, bytes(40_000))
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert predict(client, jpeg()).status_code == 200


def test_a_look_that_takes_too_long_is_given_up_and_few_are_made_at_once(service: Service) -> None:
    assert service.explained is not None

    async def impatient(member: Member) -> None:
        explainer = Explainer(member, Limits(answer_seconds=1e-4), PixelLimiter(10_000_000))
        for _ in range(2):
            with pytest.raises(BusyError):
                await explainer.explain(jpeg())
        with pytest.raises(BusyError):  # two threads are still at it
            await explainer.explain(jpeg())

    asyncio.run(impatient(service.explained))


def test_whatever_fails_is_told_in_json_and_logged_without_what_was_sent(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **options: Any) -> Any:
        raise ValueError(args[0])

    monkeypatch.setattr("maskwise.serving.photo_routes.create_photo_answer", fail)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        failed = client.post("/v1/predict", files=[("photos", ("holiday.jpg", jpeg()))])
        assert (failed.status_code, failed.json()) == (500, {"error": "Expected to answer, but failed."})
        assert failed.headers["x-content-type-options"] == "nosniff"
        assert 'path="/v1/predict",status="500"' in client.get("/metrics").text
        assert "ValueError" in caplog.text
        assert "holiday" not in caplog.text
        for path, status, message in (
            ("/nowhere", 404, "a known address"),
            ("/v1/predict", 405, "another method"),
        ):
            answer = client.get(path)
            assert answer.status_code == status
            assert answer.json()["error"].startswith(f"Expected {message}")


def test_a_service_whose_model_thread_has_ended_is_not_ready(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(create_app(service)) as client:
        assert client.get("/readyz").status_code == 200
        monkeypatch.setattr(Batcher, "alive", property(lambda batcher: False))
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ready": False})


def test_who_would_wait_too_long_is_told_when_to_come_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, own, go_on = service.predictor.engine, service.predictor.engine.probabilities, threading.Event()

    def stuck(images: Any) -> Any:
        go_on.wait(30)
        return own(images)

    with TestClient(create_app(replace(service, limits=Limits(answer_seconds=1)))) as client:
        monkeypatch.setattr(engine, "probabilities", stuck)
        late = predict(client, jpeg())
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        go_on.set()
        again = [status for _ in range(10) if (status := predict(client, jpeg()).status_code) == 200]
        assert again


def test_a_full_queue_says_when_to_come_again(service: Service) -> None:
    full = replace(service, limits=Limits(waiting=1, retry_after=7))
    with TestClient(create_app(full)) as client:
        answer = client.post("/v1/predict", files=[("photos", ("a", jpeg())), ("photos", ("b", jpeg()))])
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
        assert predict(client, jpeg()).status_code == 200


def test_a_queue_that_others_have_filled_is_full(service: Service) -> None:
    release = threading.Event()

    class Held:
        backend = "held"
        transforms = service.predictor.engine.transforms

        def probabilities(self, images: Any) -> Any:
            release.wait(30)
            return np.full((len(images[0]), 18), 1 / 18, np.float32)

    async def several() -> None:
        batcher = Batcher(Held(), Limits(waiting=3), PixelLimiter(10_000_000), lambda size: None)
        taken = [asyncio.create_task(batcher.predict([jpeg(k)])) for k in range(3)]
        while batcher.pending < 3:
            await asyncio.sleep(0.01)
        with pytest.raises(BusyError):
            await batcher.predict([jpeg(9)])
        release.set()
        assert len(await asyncio.gather(*taken)) == 3
        assert len(await batcher.predict([jpeg(9)])) == 1
        await asyncio.to_thread(batcher.close)

    asyncio.run(several())


def test_only_its_own_names_reach_a_service_of_this_machine(service: Service) -> None:
    with TestClient(create_app(replace(service, hosts=(*LOOPBACK, "photos.example")))) as client:
        for host, expected in (
            ("127.0.0.1:8000", 200),
            ("localhost", 200),
            ("[::1]:8000", 200),
            ("Photos.example:443", 200),
            ("evil.example:8000", 403),
            ("127.0.0.1.evil.example", 403),
            ("127.0.0.1@evil.example", 403),
            ("[", 403),
            ("", 403),
        ):
            for path in ("/v1/model", "/healthz", "/"):
                asked = {"Host": host, "Sec-Fetch-Site": "same-origin"}
                assert client.get(path, headers=asked).status_code == expected, host


def test_what_is_wrong_with_a_request_is_told(client: TestClient) -> None:
    good = base64.encodebytes(jpeg()).decode()  # in lines, as many tools write it
    assert client.post("/v1/predict", json={"photos": [{"content": good}]}).status_code == 200
    for photos, message in (
        ([{"content": good}, {"content": "***"}], "content of photo 2 is no base64"),
        ([{"content": 5}], "content of photo 1 is no text"),
        ([{}], "content of photo 1 is no text"),
        (["a"], "photo 1 is no object"),
        ("a", "no object with a list of photos"),
    ):
        answer = client.post("/v1/predict", json={"photos": photos})
        assert answer.status_code == 400
        assert message in answer.json()["error"]
    assert "no object with a list of photos" in client.post("/v1/predict", json=[]).json()["error"]
    assert "another method" in client.get("/v1/predict").json()["error"]


def test_requests_are_computed_together_and_a_failing_model_fails_nobody_else(service: Service) -> None:
    class Slow:
        backend = "slow"
        transforms = service.predictor.engine.transforms

        def probabilities(self, images: Any) -> Any:
            time.sleep(0.05)
            if (images[0].min(axis=(1, 2, 3)) == 255).any():
                raise ValueError("a bad batch")
            return np.full((len(images[0]), 18), 1 / 18, np.float32)

    async def many() -> None:
        sizes = list[int]()
        batcher = Batcher(Slow(), Limits(waiting=50), PixelLimiter(10_000_000), sizes.append)
        told = await asyncio.gather(*(batcher.predict([jpeg(k)]) for k in range(40)))
        assert len(told) == 40
        assert sum(sizes) == 40
        assert batcher.alive
        assert len(sizes) < 20
        with pytest.raises(BusyError):
            await batcher.predict([b""] * 51)
        white = io.BytesIO()
        Image.new("RGB", (64, 64), "white").save(white, "PNG")
        with pytest.raises(RuntimeError, match="the model failed: ValueError"):
            await batcher.predict([white.getvalue()])
        assert len(await batcher.predict([jpeg()])) == 1
        assert batcher.pending == 0
        batcher.close()
        assert not batcher.alive

    asyncio.run(many())


def test_a_token_is_asked_for_where_there_is_one(service: Service, tiny_run: Path) -> None:
    token = "a-long-enough-token"
    with TestClient(create_app(replace(service, token=token))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 200
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": token}):
            refused = client.get("/v1/model", headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        for scheme in ("Bearer", "bearer"):
            assert client.get("/v1/model", headers={"Authorization": f"{scheme} {token}"}).status_code == 200
        # The address is what was asked for, not what the Host header makes of it.
        for host in ("x/healthz?", "x/?", "x/#"):
            assert client.get("/v1/model", headers={"Host": host}).status_code == 401
        paths = client.get("/openapi.json", headers={"Authorization": f"Bearer {token}"}).json()["paths"]
        assert paths["/v1/predict"]["post"]["security"]
        assert "security" not in paths["/healthz"]["get"]
    for unfit in ("short", "a-token-of-umläuts"):
        with pytest.raises(InputError, match="at least 16 plain"):
            create_service(tiny_run, token=unfit)


def test_the_model_its_score_and_what_it_is_not_for(
    client: TestClient, service: Service, tiny_run: Path
) -> None:
    told = client.get("/v1/model").json()
    ModelAnswer.model_validate(told)  # as documented, and nothing more
    assert told["score"]["attributes"]["gender"]["ci95"]
    assert len(told["classes"]) == 18
    assert told["attributes"]["age_band"] == ["<30", "30-59", ">=60"]
    words = " ".join(told["limits_of_use"])
    assert "95% interval" in words
    assert "AI Act" in words
    assert told["card"].startswith("# ")
    assert "For whom it is worse" in told["card"]
    assert told["weights"] == Run(tiny_run).weights
    assert LabelSpace.from_dict(told["label_space"]) == service.predictor.space
    assert client.get("/readyz").json() == {"ready": True}
    assert predict(client, jpeg()).status_code == 200
    metrics = client.get("/metrics").text
    assert 'maskwise_requests_total{path="/v1/predict",status="200"}' in metrics
    assert 'maskwise_request_seconds_count{path="/v1/predict"}' in metrics
    assert client.get("/openapi.json").json()["paths"]["/v1/predict"]["post"]["responses"].keys() >= {
        "200",
        "503",
    }
    assert client.get("/docs").status_code == 404


def test_every_answer_has_its_headers_and_no_site_is_let_in(client: TestClient) -> None:
    for path in ("/", "/v1/model", "/nowhere"):
        headers = client.get(path, headers={"Origin": "https://evil.example"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
    photo = {"content": jpeg(), "headers": {"Content-Type": "image/jpeg"}}
    assert client.post("/v1/predict", **photo).status_code == 200
    own = {"Host": "photos.example", "Origin": "http://photos.example:8000"}
    for told, expected in (
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", **own}, 200),
        (own, 200),
        (own | {"Origin": "http://evil.example"}, 403),  # to plain HTTP a browser says no more
        ({"Origin": "null"}, 403),
    ):
        asked = photo | {"headers": photo["headers"] | told}
        assert client.post("/v1/predict", **asked).status_code == expected, told
    # Where the service lies behind a proxy it does not know: nobody is sent elsewhere.
    assert client.post("/v1/predict/", content=jpeg(), follow_redirects=False).status_code == 404


def test_a_look_is_explained_for_each_attribute(client: TestClient, tiny_run: Path) -> None:
    answer = client.post("/v1/explain", files=[("photos", ("a", jpeg()))]).json()
    maps = ExplainAnswer.model_validate(answer).maps
    assert answer["seen"] == pytest.approx((0, 0, 1, 1))
    assert set(maps) == {"mask", "gender", "age_band"}
    assert all(0 <= value <= 1 for rows in maps.values() for row in rows for value in row)
    assert client.post("/v1/explain", files=[("photos", ("a", b"no"))]).status_code == 422
    member = load_member(Run(tiny_run).member_folders[0])
    image = np.zeros((*member.card.transform.output_size, 3), np.uint8)
    assert np.isfinite(grad_cam(member, image, "gender")).all()


def test_nothing_that_is_sent_is_written(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = jpeg() + bytes(3_000_000)  # above what is kept in memory by default

    def refuse(*args: Any, **options: Any) -> Any:
        raise AssertionError("a temporary file was opened")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    answer = client.post("/v1/predict", files=[("photos", ("a", large)), ("photos", ("b", large))])
    assert answer.status_code == 200
    assert list(tmp_path.iterdir()) == []


def test_hundreds_of_broken_bodies_do_no_harm(client: TestClient) -> None:
    draw = random.Random(0)
    good = jpeg()
    kinds = (
        "image/jpeg",
        "application/json",
        "multipart/form-data; boundary=b",
        "application/octet-stream",
        "x/y",
    )
    for _ in range(300):
        body = bytearray(draw.choice((good, b'{"photos": [{"content": "AAAA"}]}', b"--b\r\n\r\nx\r\n--b--")))
        for _ in range(draw.randrange(8)):
            place = draw.randrange(len(body))
            body[place : place + draw.randrange(3)] = draw.randbytes(draw.randrange(4))
        answer = predict(client, bytes(body), draw.choice(kinds))
        assert answer.status_code < 500
        assert json.loads(answer.content)
    assert predict(client, good).json()["photos"][0]["error"] is None
