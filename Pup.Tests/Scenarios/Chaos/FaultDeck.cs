namespace Pup.Tests.Scenarios.Chaos;

/// <summary>Kinds of faults in a random order, each once before any comes again.</summary>
internal sealed class FaultDeck(Random random)
{
    private readonly Stack<FaultKind> _cards = [];

    public FaultKind Next()
    {
        if (_cards.Count == 0)
        {
            var all = Enum.GetValues<FaultKind>();
            random.Shuffle(all);
            foreach (var kind in all)
                _cards.Push(kind);
        }

        return _cards.Pop();
    }
}
