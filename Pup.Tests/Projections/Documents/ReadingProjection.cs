using System.Globalization;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Projections.Documents;

/// <summary>The last reading of each meter, through a source-generated context.</summary>
internal sealed class ReadingProjection : DocumentProjection<Reading>
{
    public override string Name => "readings";

    protected override JsonTypeInfo<Reading> JsonTypeInfo => ReadingJson.Default.Reading;

    protected override Reading? Apply(Reading? document, PersistedEvent @event) =>
        new(double.Parse(Encoding.UTF8.GetString(@event.Payload.Span), CultureInfo.InvariantCulture));
}
