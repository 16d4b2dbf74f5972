using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CsCheck;
using Pup.Client.Events;

namespace Pup.Tests.Events;

public sealed partial class EventTypeRegistryTests
{
    [Fact]
    public void What_is_written_is_read_back_equal()
    {
        var registry = new EventTypeRegistry().Add<Placed>("OrderPlaced", 2);

        Gen.Select(Gen.String, Gen.Int, Gen.String.Array).Sample(
            (customer, amount, lines) =>
            {
                // JSON has no half of a surrogate pair.
                if (!lines.Append(customer).All(text => AppendValidation.IsStorable(text.Replace("\0", "", StringComparison.Ordinal))))
                    return;
                var written = registry.Write(new Placed(customer, amount, lines));
                Assert.Equal(("OrderPlaced", 2), (written.EventType, written.EventVersion));
                var read = Assert.IsType<Placed>(registry.Read(Persisted(written)));
                Assert.Equal((customer, amount), (read.Customer, read.Amount));
                Assert.Equal(lines, read.Lines);
            },
            iter: 500);
    }

    [Fact]
    public void Every_old_version_takes_exactly_the_steps_after_it_in_order_whatever_the_order_of_registration() =>
        Gen.Select(Gen.Int[1, 8], Gen.Int[0, 7], Gen.Int).Sample(
            (versions, old, seed) =>
            {
                var first = old % versions + 1;
                var registry = new EventTypeRegistry();
                var registrations = Enumerable.Range(1, versions).ToArray();
                new Random(seed).Shuffle(registrations);
                foreach (var version in registrations)
                {
                    if (version == versions)
                        registry.Add<JsonObject>("Grown", version);
                    else
                        registry.Upcast<JsonObject, JsonObject>("Grown", version, json => Append(json, version));
                }

                var read = Assert.IsType<JsonObject>(registry.Read(Persisted("Grown", first, """{"steps":""}""")));

                Assert.Equal(string.Concat(Enumerable.Range(first, versions - first)), (string?)read["steps"]);
            },
            iter: 500);

    [Fact]
    public void Upcasts_go_from_class_to_class_and_on_under_the_new_name_after_a_renaming()
    {
        var registry = new EventTypeRegistry()
            .Add<Placed>("OrderPlaced", 3)
            .Upcast<PlacedV1, PlacedV2>("OrderCreated", 1, old => new PlacedV2(old.Customer, 0))
            .Upcast<PlacedV2, Placed>("OrderPlaced", 2, old => new Placed(old.Customer, old.Amount, []))
            .AddFormerName<Placed>("OrderEntered");

        Assert.Equal("ada", Assert.IsType<Placed>(registry.Read(Persisted("OrderCreated", 1, """{"Customer":"ada"}"""))).Customer);
        Assert.Equal(5, Assert.IsType<Placed>(registry.Read(Persisted("OrderPlaced", 2, """{"Customer":"ada","Amount":5}"""))).Amount);
        Assert.IsType<Placed>(registry.Read(Persisted("OrderEntered", 1, """{"Customer":"ada","Amount":5,"Lines":[]}""")));
        Assert.Equal("OrderPlaced", registry.Write(new Placed("ada", 1, [])).EventType);
    }

    [Fact]
    public void Source_generated_contexts_serve()
    {
        var byOptions = new EventTypeRegistry(Generated.Default.Options).Add<Placed>("OrderPlaced");
        var byInfo = new EventTypeRegistry().Add("OrderPlaced", 1, Generated.Default.Placed);
        var written = byInfo.Write(new Placed("ada", 1, ["x"]));

        Assert.Equal("""{"customer":"ada","amount":1,"lines":["x"]}""", Encoding.UTF8.GetString(written.Payload.Span));
        Assert.Equal("ada", Assert.IsType<Placed>(byOptions.Read(Persisted(written))).Customer);
        Assert.Throws<NotSupportedException>(() => new EventTypeRegistry(Generated.Default.Options).Add<PlacedV1>("OrderPlaced"));
    }

    [Fact]
    public void An_unknown_type_or_version_is_an_error_unless_the_policy_says_otherwise()
    {
        var unknown = Persisted("Mystery", 1, "{}");

        var error = Assert.Throws<UnknownEventException>(() => new EventTypeRegistry().Read(unknown));
        Assert.Contains("position 42", error.Message, StringComparison.Ordinal);
        Assert.Contains("No version of it is registered", error.Message, StringComparison.Ordinal);
        Assert.Null(new EventTypeRegistry { UnknownEvents = UnknownEventPolicy.Skip }.Read(unknown));
        Assert.Same(unknown, new EventTypeRegistry { UnknownEvents = UnknownEventPolicy.Raw }.Read(unknown));

        var newer = Assert.Throws<UnknownEventException>(
            () => new EventTypeRegistry().Add<Placed>("OrderPlaced", 2).Upcast<PlacedV1, Placed>("OrderPlaced", 1, _ => null!).Read(Persisted("OrderPlaced", 3, "{}")));
        Assert.Contains("Registered are 1, 2", newer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("""{"Customer":1}""")]
    public void A_payload_of_another_shape_is_said_with_its_place_in_the_log(string payload)
    {
        var registry = new EventTypeRegistry().Add<Placed>("OrderPlaced");

        var error = Assert.Throws<EventPayloadException>(() => registry.Read(Persisted("OrderPlaced", 1, payload)));

        Assert.Equal(42, error.Position);
        Assert.Contains("'OrderPlaced' version 1) at position 42, Order 'o1'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_payload_that_is_not_UTF_8_is_an_error_too()
    {
        var invalid = Persisted("OrderPlaced", 1, "") with { Payload = "{\"Customer\":\""u8.ToArray().Append((byte)0xff).Concat("\"}"u8.ToArray()).ToArray() };

        Assert.Throws<EventPayloadException>(() => new EventTypeRegistry().Add<Placed>("OrderPlaced").Read(invalid));
    }

    [Fact]
    public void A_failing_upcast_is_said_with_its_place()
    {
        var registry = new EventTypeRegistry().Add<Placed>("OrderPlaced", 2).Upcast<PlacedV1, Placed>("OrderPlaced", 1, _ => throw new FormatException("odd"));

        var error = Assert.Throws<EventPayloadException>(() => registry.Read(Persisted("OrderPlaced", 1, """{"Customer":"ada"}""")));

        Assert.Contains("upcast of 'OrderPlaced' version 1", error.Message, StringComparison.Ordinal);
        Assert.IsType<FormatException>(error.InnerException);
    }

    [Fact]
    public void Contradictory_registrations_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new EventTypeRegistry().Add<Placed>("A").Add<PlacedV1>("A"));
        Assert.Throws<ArgumentException>(() => new EventTypeRegistry().Add<Placed>("A").Add<Placed>("B"));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventTypeRegistry().Add<Placed>("A", 0));
        Assert.Throws<ArgumentException>(() => new EventTypeRegistry().Write(new Placed("ada", 1, [])));
        Assert.Throws<ArgumentException>(() => new EventTypeRegistry().Upcast<PlacedV1, Placed>("A", 1, _ => null!).Write(new PlacedV1("ada")));
    }

    [Fact]
    public void Upcasts_that_go_in_a_circle_are_refused_rather_than_followed()
    {
        var registry = new EventTypeRegistry()
            .Upcast<PlacedV1, PlacedV2>("A", 1, old => new PlacedV2(old.Customer, 0))
            .Upcast<PlacedV2, PlacedV1>("B", 1, old => new PlacedV1(old.Customer));

        Assert.Throws<InvalidOperationException>(() => registry.Read(Persisted("A", 1, """{"Customer":"ada"}""")));
    }

    private static JsonObject Append(JsonObject json, int version)
    {
        json["steps"] = (string?)json["steps"] + version;
        return json;
    }

    private static PersistedEvent Persisted(Event written) =>
        Persisted(written.EventType, written.EventVersion, "") with { Payload = written.Payload };

    private static PersistedEvent Persisted(string type, int version, string payload) => new()
    {
        GlobalPosition = 42,
        BoundedContext = "Sales",
        AggregateType = "Order",
        AggregateId = "o1",
        AggregateVersion = 1,
        EventId = Guid.NewGuid(),
        EventType = type,
        EventVersion = version,
        Payload = Encoding.UTF8.GetBytes(payload),
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    internal sealed record PlacedV1(string Customer);

    internal sealed record PlacedV2(string Customer, int Amount);

    internal sealed record Placed(string Customer, int Amount, string[] Lines);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(Placed))]
    internal sealed partial class Generated : JsonSerializerContext;
}
