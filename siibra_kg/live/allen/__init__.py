"""Gene expressions of the adult human brain: the microarray survey of the Allen Human Brain Atlas, asked live."""

from siibra_kg.live.allen.expressions import CITATION, TERMS_OF_USE, GeneExpressions
from siibra_kg.live.allen.inside import gene_expressions
from siibra_kg.live.allen.survey import Survey
from siibra_kg.live.allen.vocabulary import Gene, GeneVocabulary

__all__ = ["CITATION", "TERMS_OF_USE", "Gene", "GeneExpressions", "GeneVocabulary", "Survey", "gene_expressions"]
